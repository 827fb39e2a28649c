"""Owns the convolutional autoencoder: the only room that imports TensorFlow.

networks    encoder and decoder as functional models
objectives  what a network is trained to do
training    the loop: batches, steps, validation, best weights, resuming
features    what an embedding is made of
export      the trained encoder as an ONNX file that needs no TensorFlow
"""
