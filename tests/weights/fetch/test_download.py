"""Fetching: against a server on this computer that cuts off, lies, redirects and counts what it sends."""

import hashlib
import http.server
import io
import json
import re
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrcnn_keras.errors import UserError
from mrcnn_keras.weights.fetch import cache_folder, fetch_file
from mrcnn_keras.weights.fetch.download import what_is_wrong
from mrcnn_keras.weights.fetch.published import COCO, PublishedFile
from mrcnn_keras.weights.fetch.transfer import LIMIT, SafeRedirects

CONTENT = bytes(range(256)) * 1000  # 256,000 bytes: several pieces
NAME = "model-1234.bin"


class Server(http.server.ThreadingHTTPServer):
    """Gives `content`; a test changes the other attributes to make it worse."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = CONTENT
        self.tag = '"one"'  # ETag
        self.cut_at = None  # bytes of an answer, after which the connection is closed
        self.ranges = True  # False: each answer is the whole file
        self.status = None  # instead of an answer
        self.claim = None  # the length that the answer claims to have; 0: none
        self.location = None  # where an answer redirects to
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


def test_the_whole_file(server, file, weights):
    seen = []
    path = fetch_file(file, progress=lambda done, total: seen.append((done, total)))
    assert path == weights / NAME
    assert path.read_bytes() == CONTENT
    assert seen[-1] == (256_000, 256_000)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert not part_of(weights).exists()
    assert not list(weights.glob("*.etag"))


def test_a_folder_of_the_callers(file, tmp_path):
    assert fetch_file(file, folder=tmp_path / "mine") == tmp_path / "mine" / NAME


def test_the_second_time_nothing_is_asked(server, file):
    fetch_file(file)
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.asked == [None]


def test_a_file_found_right_is_not_read_again(file, monkeypatch):
    path = fetch_file(file)
    monkeypatch.setattr("mrcnn_keras.weights.fetch.download.what_is_wrong", lambda *_: pytest.fail("read again"))
    assert fetch_file(file) == path


def test_a_file_put_there_by_hand(server, file, weights):
    weights.mkdir(parents=True)
    (weights / NAME).write_bytes(CONTENT)
    assert fetch_file(file) == weights / NAME
    assert server.asked == []


@pytest.mark.parametrize("damage", [CONTENT[:-1], b"x" + CONTENT[1:], b""], ids=["shorter", "one byte", "empty"])
def test_a_damaged_file_is_fetched_anew(server, file, weights, damage):
    path = fetch_file(file)
    path.write_bytes(damage)
    assert fetch_file(file).read_bytes() == CONTENT
    assert len(server.asked) == 2


def test_a_damaged_file_is_not_used_without_a_network(file, weights, monkeypatch):
    fetch_file(file).write_bytes(CONTENT[:1000])
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    assert "it has 1000 bytes, the published file 256000" in fails(file)


def test_another_digest_in_the_table_is_noticed(file, weights):
    fetch_file(file)
    assert "its sha256 begins with" in fails(replace(file, sha256="0" * 64))


def test_a_cut_transfer_is_resumed(server, file, weights):
    """100,000 bytes come, then the connection closes; the next call gets the other 156,000 and no more."""
    server.cut_at = 100_000
    message = fails(file)
    assert "cut off after 100000 of 256000 bytes" in message
    assert "run this again to fetch the rest" in message
    assert part_of(weights).stat().st_size == 100_000
    assert not (weights / NAME).exists()
    server.cut_at = None
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=100000-"]
    assert server.sent == 256_000


def test_resumed_many_times(server, file):
    server.cut_at = 60_000
    for there in (60_000, 120_000, 180_000, 240_000):
        assert f"after {there} of" in fails(file)
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.sent == 256_000


def test_the_file_has_changed_since_the_beginning_came(server, file, weights):
    """The tag of the beginning is another one: the server gives the whole file, and the beginning is dropped."""
    server.content, server.cut_at = b"x" * 256_000, 100_000
    fails(file)
    server.content, server.tag, server.cut_at = CONTENT, '"two"', None
    assert fetch_file(file).read_bytes() == CONTENT


@pytest.mark.parametrize("tag", [None, 'W/"weak"', '"a\x01b"'])
def test_resumed_without_a_tag_that_can_be_used(server, file, tag):
    server.tag, server.cut_at = tag, 100_000
    fails(file)
    server.cut_at = None
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.sent == 256_000


def test_a_server_without_ranges(server, file):
    server.ranges, server.cut_at = False, 100_000
    fails(file)
    server.cut_at = None
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.sent == 356_000


@pytest.mark.parametrize(
    ("there", "words"),
    [
        ("", "a part where the whole was asked for"),
        ("bytes 5-9/256000", "a part where the whole was asked for"),
        ("bytes=0-9/10", "a part where the whole was asked for"),
        ("bytes 100000-255999/7", "has 7 bytes, the published file has 256000"),
    ],
)
def test_a_part_that_was_not_asked_for(server, file, weights, monkeypatch, there, words):
    """Status 206 with a place that is none or another one, first for the rest and then for the whole."""

    def do_get(self):
        self.send_response(206)
        self.send_header("Content-Range", there)
        self.end_headers()

    server.cut_at = 100_000
    fails(file)
    monkeypatch.setattr(Handler, "do_GET", do_get)
    assert words in fails(file)
    assert part_of(weights).stat().st_size == 100_000
    part_of(weights).unlink()
    assert "a part where the whole was asked for" in fails(file)


def test_a_range_that_cannot_be_given(server, weights):
    """Of a file without a published size everything is there already: status 416, and it is fetched anew."""
    weights.mkdir(parents=True)
    part_of(weights).write_bytes(CONTENT)
    assert fetch_file(published(server, size=None)).read_bytes() == CONTENT
    assert server.asked == ["bytes=256000-", None]


def test_a_whole_part_is_not_fetched_again(server, file, weights):
    """As after a stop between the last byte and the check."""
    weights.mkdir(parents=True)
    part_of(weights).write_bytes(CONTENT)
    assert fetch_file(file).read_bytes() == CONTENT
    assert server.asked == []


def test_a_wrong_checksum(server, file, weights):
    server.content = b"<html>" + CONTENT[6:]
    message = fails(file)
    assert "was removed: its sha256 begins with" in message
    assert server.url in message
    assert [path.name for path in weights.iterdir()] == [f".{NAME}.lock"]


@pytest.mark.parametrize("digest", ["sha256", "md5"])
@pytest.mark.parametrize("digits", [6, None], ids=["first digits", "all digits"])
def test_each_kind_of_checksum(server, digest, digits, tmp_path):
    right = hashlib.new(digest, CONTENT).hexdigest()[:digits]
    wrong = right[:-1] + ("1" if right[-1] == "0" else "0")
    facts = {"sha256": None, "md5": None}
    fetch_file(published(server, **{**facts, digest: right}))
    assert f"its {digest} begins with" in fails(published(server, **{**facts, digest: wrong}), folder=tmp_path)


def test_the_longer_digest_decides(server):
    fetch_file(published(server, md5="000000"))


@pytest.mark.parametrize("more", [-1, 1, 10**15])
def test_a_wrong_size_is_refused_before_a_byte_is_written(server, weights, more):
    server.claim = 256_000 + more
    assert f"has {256_000 + more} bytes, the published file has 256000" in fails(published(server))
    assert not part_of(weights).exists()


def test_an_absurd_size_of_a_file_without_a_published_one(server, weights):
    server.claim = LIMIT + 1
    assert f"at most {LIMIT}" in fails(published(server, size=None))
    assert not part_of(weights).exists()


def test_more_bytes_than_there_may_be(server, weights):
    """The server claims no length and does not stop: what came is removed."""
    server.claim, server.content = 0, CONTENT + b"more"
    assert "more than 256000 bytes" in fails(published(server))
    assert not part_of(weights).exists()


def test_no_length_at_all(server, file):
    server.claim = 0
    assert fetch_file(file).read_bytes() == CONTENT
    assert fetch_file(published(server, size=None, url=f"{server.url}/other")).read_bytes() == CONTENT


def test_no_length_and_cut_off(server, file):
    server.claim, server.cut_at = 0, 1000
    assert "cut off after 1000 of 256000" in fails(file)


@pytest.mark.parametrize("status", [403, 404, 500])
def test_another_status(server, file, weights, status):
    server.status = status
    message = fails(file)
    assert f"answered with {status}" in message
    assert f"put it into the folder {weights}" in message


def test_a_status_for_the_rest_keeps_the_beginning(server, file, weights):
    server.cut_at = 1000
    fails(file)
    server.status = 503
    assert "503 (Service Unavailable)" in fails(file)
    assert part_of(weights).stat().st_size == 1000


def test_nobody_answers(weights):
    """A port that was closed: the sentence has the URL, the file's name and the folder to put it into."""
    with Server() as server:
        file = published(server)
    message = fails(file)
    assert f"{server.url}/{NAME} cannot be reached (" in message
    assert f"get {NAME} in another way and put it into the folder {weights}" in message


def test_no_answer_that_is_http(file, monkeypatch):
    monkeypatch.setattr(Handler, "do_GET", lambda self: self.wfile.write(b"what?\r\n\r\n"))
    assert "cannot be reached (" in fails(file)


def test_offline_by_wish(server, file, weights, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "1")
    message = fails(file)
    assert "MRCNN_KERAS_OFFLINE is set" in message
    assert all(word in message for word in (file.url, NAME, str(weights)))
    assert server.asked == []
    monkeypatch.setenv("MRCNN_KERAS_OFFLINE", "0")
    assert fetch_file(file).read_bytes() == CONTENT


def test_a_mirror_has_the_same_paths(server, monkeypatch):
    monkeypatch.setenv("MRCNN_KERAS_MIRROR", f"{server.url}/")
    file = replace(COCO["torchvision_v1"], size=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
    assert fetch_file(file).name == "maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
    assert len(server.asked) == 1


def test_a_redirect(server, file):
    server.location = f"{server.url}/moved"
    assert fetch_file(file).read_bytes() == CONTENT


def test_redirects_in_a_circle_end(server, file):
    server.location = f"{server.url}/{NAME}"
    assert "answered with 302" in fails(file)


@pytest.mark.parametrize("url", ["http://example.org/x", "//example.org/x", "ftp://127.0.0.1/x"])
def test_where_a_redirect_may_not_lead(server, file, weights, url):
    server.location = url
    assert "is refused: files are fetched by https" in fails(file)
    assert not part_of(weights).exists()


def test_a_redirect_to_a_file_of_this_computer(server, file, weights):
    """urllib itself takes no other scheme than http, https and ftp."""
    server.location = "file:///etc/hostname"
    assert "answered with 302" in fails(file)
    assert not part_of(weights).exists()


def test_a_redirect_to_what_is_no_url(server, file):
    server.location = "http://[x/"
    assert "cannot be reached (Invalid IPv6 URL)" in fails(file)


@pytest.mark.parametrize(
    "url", ["file:///etc/hostname", "http://example.org/x", "http://127.0.0.1.example.org/x", "ftp://localhost/x", "x"]
)
def test_other_urls_are_refused(server, url):
    assert "is refused: files are fetched by https" in fails(published(server, url=url))


def test_no_redirect_from_elsewhere_to_this_computer():
    request = urllib.request.Request("https://example.org/x")
    with pytest.raises(UserError, match="is refused"):
        SafeRedirects().redirect_request(request, io.BytesIO(), 302, "", {}, "http://127.0.0.1/x")
    assert SafeRedirects().redirect_request(request, io.BytesIO(), 302, "", {}, "https://example.com/x")


def test_four_at_once_make_one_request(server, file):
    """The server keeps the last byte back until the three others have said how far the first one is."""
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


def test_a_folder_that_is_a_file(file, tmp_path):
    (tmp_path / "file").write_text("")
    assert "set MRCNN_KERAS_HOME" in fails(file, folder=tmp_path / "file/weights")


def test_a_note_that_is_damaged_only_costs_time(file, weights):
    path = fetch_file(file)
    note = weights / f".{NAME}.verified"
    for text in ("", "[" * 2000, "\0", json.dumps({"size": 1})):
        note.write_text(text)
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
def test_any_damage_is_found(tmp_path, place, bit, size):
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
