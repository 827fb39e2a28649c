"""Owns the convolutional autoencoder: the only room that imports TensorFlow.

networks    encoder and decoder as functional models
objectives  what a network is trained to do
training    the loop: batches, steps, validation, best weights, resuming
starting    the weights that a training may start from
graph       a network's layers as nodes of an ONNX graph, which needs no TensorFlow
forecast    how long a training will take, and what shorter and longer ones gave
"""
