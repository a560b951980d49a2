"""The live view in a browser, and the figures for Prometheus; needs the extra `web`.

    sink -> newest -> (the server's thread) app -> clients

The output thread hands over a reference where a client waits for one, and goes on; a picture is
encoded, and everything is sent, by the server's own threads.
"""
