"""Training: from a folder of labelled pictures to a frozen graph that the rest of splitdet runs.

open.py, samples.py  pictures and their boxes     targets.py     what each anchor should predict
shapes.py            pictures that are drawn      loss.py        how wrong a prediction is
augment.py           other views of a picture     learner.py     a step, and detections
features.py          what frozen layers give      score.py       average precision
architecture.py      layers, by the zoo's names   loop.py        epochs
network.py           running them                 checkpoint.py  all that a run needs to go on
anchors.py           where predictions start      export.py, suppression.py  the frozen graph
weights.py           from a graph, or random      jetson.py      ONNX for jetson-inference
"""
