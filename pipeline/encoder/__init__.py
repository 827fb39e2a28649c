"""Owns the encoder file: what it computes, how it is written, and running it.

running        runs an encoder file; the only user of onnxruntime
blankness      whether there is anything to see in a picture
seeing         what a graph makes of the pictures first; how much there is to see
pooling        the network's last stage as numbers
gradients      how strongly each pixel changes in each direction
dictionary     words learnt from a folder
words          a dictionary of small shapes
patches        a dictionary of small patches
colours        histograms of the whole and of cells
weighing       how much each kind of evidence counts in a folder, told by neighbours
whitening      centring, whitening and the turn
joining        blocks, whitened and joined, as the encoder file
neighbourhood  where a picture lies among those of the folder
cells          what is seen at each place, as the file of cells
foreign        a network of other origin as an encoder file
"""
