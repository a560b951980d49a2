"""One run on many machines, by Ray.

    inputs -> numbered shards -> crew of workers -> a file of results for each shard
                                                 -> the ledger, which says what is done

A shard is a number of pictures, a video, or a few live streams. A worker opens a `Detector` and takes
shard after shard through the same pipeline as any other run. Only `crew` knows Ray.
"""
