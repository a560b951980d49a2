"""Training: from a folder of labelled pictures to a frozen graph that the rest of splitdet runs.

    samples.py      pictures and their boxes          anchors.py     the boxes that predictions start from
    augment.py      other views of a picture          targets.py     what each anchor should predict
    features.py     what frozen layers give, kept     loss.py        how wrong a prediction is
    architecture.py layers, by the zoo's names        score.py       average precision while training
    network.py      running them                      loop.py        epochs
    weights.py      from a frozen graph, or random    checkpoint.py  all that a run needs to go on
    export.py       the frozen graph                  jetson.py      ONNX for jetson-inference
"""
