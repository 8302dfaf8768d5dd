"""A server on this computer that stands in for those of the published files."""

import hashlib
import http.server
import threading
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit


@contextmanager
def serving(monkeypatch, home):
    """-> (put, asked): put(table, key, path) makes the file `path` the content of a published file; asked lists the
    paths of all requests. `home` is the cache folder meanwhile."""
    contents, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(contents[self.path])))
            self.end_headers()
            self.wfile.write(contents[self.path])

        def log_message(self, *_):
            pass

    def put(table, key, path):
        file, content = table[key], path.read_bytes()
        contents[urlsplit(file.url).path] = content
        facts = dict(size=len(content), sha256=hashlib.sha256(content).hexdigest(), md5=None)
        monkeypatch.setitem(table, key, replace(file, **facts))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        monkeypatch.setenv("MRCNN_KERAS_MIRROR", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("MRCNN_KERAS_HOME", str(home))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.delenv("MRCNN_KERAS_OFFLINE", raising=False)
        yield put, asked
        server.shutdown()
        thread.join()
