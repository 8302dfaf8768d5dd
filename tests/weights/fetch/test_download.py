"""Fetching: from a server on this computer that cuts off, lies, redirects and counts what it sends; and the lock."""

import hashlib
import http.server
import io
import json
import re
import subprocess
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fetch import cache_folder, fetch_file
from mrcnn_keras.weights.fetch.download import locked, what_is_wrong
from mrcnn_keras.weights.fetch.published import COCO, PublishedFile
from mrcnn_keras.weights.fetch.transfer import LIMIT, SafeRedirects

CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: several pieces
NAME = "model-1234.bin"


class Server(http.server.ThreadingHTTPServer):
    """Serves `content`; a test changes the other attributes to make it worse."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.tag = '"one"'  # ETag
        self.cut_at = None  # bytes of a response, after which the connection is closed
        self.ranges = True  # False: each response is the whole file
        self.status = None  # instead of a response
        self.claim = None  # the length that the response claims to have; 0: none
        self.location = None  # where a response redirects to
        self.before_end = lambda: None  # called before the last byte is sent
        self.asked, self.sent = [], 0  # the Range of each request, bytes of content in all

    def handle_error(self, *_):
        """The client has closed the connection, as it may."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers["Range"])
        if server.status:
            return self.send_error(server.status)
        if server.location and self.path != "/moved":
            self.send_response(302)
            self.send_header("Location", server.location)
            return self.end_headers()
        start = 0
        if server.ranges and self.headers["Range"] and self.headers.get("If-Range", server.tag) == server.tag:
            start = int(re.fullmatch(r"bytes=(\d+)-", self.headers["Range"])[1])
            if start >= len(server.content):
                return self.send_error(416)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(server.content) - 1}/{len(server.content)}")
        else:
            self.send_response(200)
        rest = server.content[start:]
        if server.claim != 0:
            self.send_header("Content-Length", str(server.claim or len(rest)))
        if server.tag:
            self.send_header("ETag", server.tag)
        self.end_headers()
        rest = rest[: server.cut_at]
        server.sent += len(rest)
        self.wfile.write(rest[:-1])
        server.before_end()
        self.wfile.write(rest[-1:])
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    monkeypatch.setenv("MRCNN_KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("MRCNN_KERAS_OFFLINE", raising=False)
    monkeypatch.delenv("MRCNN_KERAS_MIRROR", raising=False)


def published(server, content=CONTENT, **changes):
    facts = dict(project="a test", license="none", backbone="resnet50", stride_in="3x3", size=len(content))
    return PublishedFile(
        **{**facts, "url": f"{server.url}/{NAME}", "sha256": hashlib.sha256(content).hexdigest(), **changes}
    )


@pytest.fixture
def file(server):
    return published(server)


@pytest.fixture
def weights(tmp_path):
    """The folder that a fetch without `folder` uses."""
    return tmp_path / "home/weights"


def part_of(folder):
    return folder / f".{NAME}.part"


def fails(file, **options):
    with pytest.raises(UserError) as caught:
        fetch_file(file, **options)
    return str(caught.value)


def test_fetch_gets_the_whole_file_once(server, file, weights, tmp_path, monkeypatch):
    seen = []
    path = fetch_file(file, progress=lambda done, total: seen.append((done, total)))
    assert path == weights / NAME
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (256_000, 256_000)
    assert seen == sorted(seen)
    assert {other.name for other in weights.iterdir()} == {NAME, f".{NAME}.lock", f".{NAME}.verified"}
    with monkeypatch.context() as patch:  # what was verified is not read again
        patch.setattr("mrcnn_keras.weights.fetch.download.what_is_wrong", lambda *_: pytest.fail("read again"))
        assert fetch_file(file) == path
    assert server.asked == [None]
    assert fetch_file(file, folder=tmp_path / "mine") == tmp_path / "mine" / NAME


def test_fetch_takes_a_file_put_there_by_hand(server, file, weights):
    weights.mkdir(parents=True)
    (weights / NAME).write_bytes(CONTENT)
    assert fetch_file(file) == weights / NAME
    assert server.asked == []


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"x" + CONTENT[1:], b""], ids=["shorter", "one byte", "empty"])
def test_fetch_replaces_a_damaged_file(server, file, damage):
    fetch_file(file).write_bytes(damage)
    assert fetch_file(file).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_fetch_refuses_a_damaged_file_without_a_network(file, monkeypatch):
    fetch_file(file).write_bytes(CONTENT[:1000])
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    assert "it has 1000 bytes, the published file 256000" in fails(file)


def test_fetch_notices_another_digest_in_the_table(file):
    fetch_file(file)
    assert "its sha256 begins with" in fails(replace(file, sha256="0" * 64))


@pytest.mark.parametrize("tag", ['"one"', None, 'W/"weak"', '"a\x01b"'])
def test_fetch_resumes_an_interrupted_transfer(server, file, weights, tag):
    """Each time 100,000 bytes come; the next call gets the rest and no more, also without a tag that can be used."""
    server.tag, server.cut_at = tag, 100_000
    message = fails(file)
    assert "cut off after 100000 of 256000 bytes" in message
    assert "run this again to fetch the rest" in message
    assert part_of(weights).stat().st_size == 100_000
    assert not (weights / NAME).exists()
    assert "cut off after 200000" in fails(file)
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]
    assert server.sent == 256_000


def test_fetch_starts_again_if_the_file_has_changed(server, file):
    """The tag of the beginning is another one: the server sends the whole file, and the beginning is dropped."""
    server.content, server.cut_at = b"x" * 256_000, 100_000
    fails(file)
    server.content, server.tag, server.cut_at = CONTENT, '"two"', None
    assert fetch_file(file).read_bytes() == CONTENT


def test_fetch_starts_again_at_a_server_without_ranges(server, file):
    server.ranges, server.cut_at = False, 100_000
    fails(file)
    server.cut_at = None
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.sent == 356_000


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("", "a part where the whole was requested"),
        ("bytes 5-9/256000", "a part where the whole was requested"),
        ("bytes 100000-255999/7", "has 7 bytes, the published file has 256000"),
    ],
)
def test_fetch_refuses_a_part_that_was_not_requested(server, file, weights, monkeypatch, place, words):
    """Status 206 with no place or another one, first for the rest and then for the whole."""

    def do_get(self):
        self.send_response(206)
        self.send_header("Content-Range", place)
        self.end_headers()

    server.cut_at = 100_000
    fails(file)
    monkeypatch.setattr(Handler, "do_GET", do_get)
    assert words in fails(file)
    assert part_of(weights).stat().st_size == 100_000
    part_of(weights).unlink()
    assert "a part where the whole was requested" in fails(file)


@pytest.mark.parametrize(("size", "asked"), [(None, ["bytes=256000-", None]), (256_000, [])])
def test_fetch_finds_everything_received_already(server, weights, size, asked):
    """As after a stop before the check; without a published size, status 416 leads to a second request."""
    weights.mkdir(parents=True)
    part_of(weights).write_bytes(CONTENT)
    assert fetch_file(published(server, size=size)).read_bytes() == CONTENT
    assert server.asked == asked


@pytest.mark.parametrize("digest", ["sha256", "md5"])
@pytest.mark.parametrize("digits", [6, None], ids=["first digits", "all digits"])
def test_fetch_verifies_each_kind_of_checksum(server, digest, digits, tmp_path):
    right = hashlib.new(digest, CONTENT).hexdigest()[:digits]
    wrong = right[:-1] + ("1" if right[-1] == "0" else "0")
    facts = {"sha256": None, "md5": None}
    fetch_file(published(server, **{**facts, digest: right}))
    fetch_file(published(server, md5="000000"))  # the longer one decides
    assert f"its {digest} begins with" in fails(published(server, **{**facts, digest: wrong}), folder=tmp_path)


HTTPS = "is refused: files are fetched by https"


@pytest.mark.parametrize(
    ("behaviour", "facts", "words"),
    [
        ({"content": b"<html>" + CONTENT[6:]}, {}, "sent was removed: its sha256 begins with"),
        ({"claim": 255_999}, {}, "has 255999 bytes, the published file has 256000"),
        ({"claim": 256_000 + 10**15}, {}, "bytes, the published file has 256000"),
        ({"claim": LIMIT + 1}, {"size": None}, f"has {LIMIT + 1} bytes, the published file has at most {LIMIT}"),
        ({"claim": 0, "content": CONTENT + b"more"}, {}, "more than 256000 bytes"),  # no length, and it does not stop
        ({"location": "http://example.org/x"}, {}, HTTPS),
        ({"location": "//example.org/x"}, {}, HTTPS),
        ({"location": "ftp://127.0.0.1/x"}, {}, HTTPS),
        ({"location": "file:///etc/hostname"}, {}, "gave status 302"),  # urllib takes http, https and ftp only
        ({"location": "http://[x/"}, {}, "cannot be reached (Invalid IPv6 URL)"),
        ({"location": f"/{NAME}"}, {}, "gave status 302"),  # a circle
        ({}, {"url": "file:///etc/hostname"}, HTTPS),
        ({}, {"url": "http://example.org/x"}, HTTPS),
        ({}, {"url": "http://127.0.0.1.example.org/x"}, HTTPS),
        ({}, {"url": "ftp://localhost/x"}, HTTPS),
        ({}, {"url": "x"}, HTTPS),
    ],
)
def test_fetch_refuses_and_leaves_nothing(server, weights, behaviour, facts, words):
    vars(server).update(behaviour)
    assert words in fails(published(server, **facts))
    assert not part_of(weights).exists()
    assert not (weights / NAME).exists()


def test_fetch_needs_no_length(server, file):
    server.claim, server.cut_at = 0, 1000
    assert "cut off after 1000 of 256000" in fails(file)
    server.cut_at = None
    assert fetch_file(file).read_bytes() == CONTENT
    assert fetch_file(published(server, size=None, url=f"{server.url}/other")).read_bytes() == CONTENT


@pytest.mark.parametrize(("status", "meaning"), [(404, "Not Found"), (503, "Service Unavailable")])
def test_fetch_names_the_status_and_keeps_the_beginning(server, file, weights, status, meaning):
    server.cut_at = 1000
    fails(file)
    server.status = status
    message = fails(file)
    assert f"gave status {status} ({meaning})" in message
    assert f"put it into the folder {weights}" in message
    assert part_of(weights).stat().st_size == 1000


def test_fetch_without_a_server(weights):
    """A port that was closed: the sentence has the URL, the file's name and the folder to put it into."""
    with Server() as server:
        file = published(server)
    message = fails(file)
    assert f"{server.url}/{NAME} cannot be reached (" in message
    assert f"get {NAME} in another way and put it into the folder {weights}" in message


def test_fetch_from_a_server_that_does_not_speak_http(file, monkeypatch):
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.wfile.write(b"what?\r\n\r\n"))
    assert "cannot be reached (" in fails(file)


def test_fetch_offline(server, file, weights, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    message = fails(file)
    assert "MRCNN_KERAS_OFFLINE is set" in message
    assert all(word in message for word in (file.url, NAME, str(weights)))
    assert server.asked == []
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "0")
    assert fetch_file(file).read_bytes() == CONTENT


def test_fetch_from_a_mirror_with_the_same_paths(server, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_MIRROR", f"{server.url}/")
    file = replace(COCO["torchvision_v1"], size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert fetch_file(file).name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    assert len(server.asked) == 1


def test_fetch_follows_a_redirect(server, file):
    server.location = f"{server.url}/moved"
    assert fetch_file(file).read_bytes() == CONTENT


def test_no_redirect_from_elsewhere_to_this_computer():
    request = urllib.request.Request("https://example.org/x")
    with pytest.raises(UserError, match="is refused"):
        SafeRedirects().redirect_request(request, io.BytesIO(), 302, "", {}, "http://127.0.0.1/x")
    assert SafeRedirects().redirect_request(request, io.BytesIO(), 302, "", {}, "https://example.com/x")


def test_four_fetches_at_once_make_one_request(server, file):
    """The server keeps the last byte back until the three others have reported how far the first one is."""
    seen, three_wait = [], threading.Event()

    def progress(done, total):
        seen.append(threading.get_ident())
        if len(set(seen)) == 4:
            three_wait.set()

    server.before_end = lambda: three_wait.wait(10)
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch_file(file, progress=progress), range(4)))
    assert three_wait.is_set()
    assert server.asked == [None]
    assert [path.read_bytes() == CONTENT for path in paths] == [True] * 4


def test_fetch_into_a_folder_that_is_a_file(file, tmp_path):
    (tmp_path / "file").write_text("")
    assert "set MRCNN_KERAS_HOME" in fails(file, folder=tmp_path / "file/weights")


def test_fetch_survives_a_damaged_note_of_what_was_verified(file, weights):
    path = fetch_file(file)
    for text in ("", "[" * 2000, "\0", json.dumps({"size": 1})):
        (weights / f".{NAME}.verified").write_text(text)
        assert fetch_file(file) == path


def test_where_the_cache_is(monkeypatch, tmp_path):
    assert cache_folder() == tmp_path / "home"
    monkeypatch.delenv("MRCNN_KERAS_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache_folder() == tmp_path / "cache/mrcnn_keras"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache/mrcnn_keras"


@given(place=st.integers(0, 999), bit=st.integers(0, 7), size=st.integers(0, 999))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_damage_of_a_published_file_is_found(tmp_path, place, bit, size):
    """One bit is another one, or the end is missing."""
    whole = CONTENT[:1000]
    file = PublishedFile(
        url="x", project="", license="", backbone="", stride_in="", size=1000, sha256=hashlib.sha256(whole).hexdigest()
    )
    changed = bytearray(whole)
    changed[place] ^= 1 << bit
    for content, right in ((whole, True), (changed, False), (whole[:size], False)):
        (tmp_path / "file").write_bytes(content)
        assert (what_is_wrong(tmp_path / "file", file) is None) == right


def test_lock_makes_the_second_wait_for_the_first(tmp_path):
    """The first one leaves only once the second one has said that it waits."""
    order, waiting, inside = [], threading.Event(), threading.Event()

    def first():
        with locked(tmp_path / "lock", waiting=lambda: None):
            inside.set()
            assert waiting.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    with locked(tmp_path / "lock", waiting=waiting.set):
        order.append("second")
    thread.join()
    assert order == ["first", "second"]


def test_lock_is_freed_by_an_error_inside(tmp_path):
    with pytest.raises(KeyError), locked(tmp_path / "lock", waiting=lambda: None):
        raise KeyError
    with locked(tmp_path / "lock", waiting=lambda: 1 / 0):
        pass


def test_lock_is_freed_when_its_process_is_killed(tmp_path):
    """The process that holds the lock is killed; its file is still there, the lock is not."""
    code = (
        "import os, signal, sys; from mrcnn_keras.weights.fetch.download import locked\n"
        "with locked(sys.argv[1], waiting=None): os.kill(os.getpid(), signal.SIGTERM)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock")], check=False)
    assert (tmp_path / "lock").exists()
    with locked(tmp_path / "lock", waiting=lambda: 1 / 0):
        pass
