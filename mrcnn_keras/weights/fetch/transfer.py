"""One file by HTTP, resumed where an earlier transfer ended, and never more bytes than it may have.

Own code, since `keras.utils.get_file` starts again after an interruption, takes any number of bytes, follows any
redirect, compares whole digests only, and does not keep two processes apart.
"""

import http.client
import ipaddress
import re
import urllib.error
import urllib.parse
import urllib.request

from mrcnn_keras.errors import UserError

CHUNK = 2**16  # bytes
TIMEOUT = 30  # seconds without a response
LIMIT = 2**30  # bytes of a file whose size is not known; the largest published one has 0.45 * 10**9
STRONG_TAG = re.compile(r'"[\x21\x23-\x7e]{1,200}"')  # an ETag that stands for the same bytes (RFC 9110, 8.8.3)
CONTENT_RANGE = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)")  # RFC 9110, 14.4


def receive(url, part, size, progress, otherwise):
    """Downloads `url` to the file `part`, where an earlier call may have left the beginning.

    size: bytes of the whole file, or None. progress: a function of (bytes received, bytes in all or None). otherwise:
    what the user can do instead, how the UserError ends if the file cannot be obtained. What was received
    stays in `part`, and the next call continues there. The content is not verified.
    """
    try:
        response = _open(url, part)
    except urllib.error.HTTPError as error:
        error.close()
        meaning = http.client.responses.get(error.code, "an unknown status")
        raise UserError(f"{url} gave status {error.code} ({meaning}); {otherwise}") from error
    except UserError:
        raise
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
    ) as error:  # ValueError: a redirect to something that is not a URL
        reason = _words(getattr(error, "reason", error))
        raise UserError(
            f"{url} cannot be reached ({reason}); run this again with a connection, or {otherwise}"
        ) from error
    with response:
        _write(response, url, part, size, progress, otherwise)


def _open(url, part):
    """-> a response with what `part` lacks (status 206), or with the whole file"""
    _check_url(url, http_here=True)
    done = part.stat().st_size if part.exists() else 0
    if done:
        tag = tag_path(part).read_text(errors="replace") if tag_path(part).exists() else ""
        # With the tag, a server sends the rest only if the file is still the one that the beginning is from.
        headers = {"Range": f"bytes={done}-", **({"If-Range": tag} if STRONG_TAG.fullmatch(tag) else {})}
        try:
            response = _ask(url, headers)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
        else:
            if response.status != http.HTTPStatus.PARTIAL_CONTENT or _first_and_total(response)[0] == done:
                return response
            response.close()
    response = _ask(url, {})
    if response.status == http.HTTPStatus.PARTIAL_CONTENT:
        response.close()
        raise http.client.HTTPException("it sent a part where the whole was requested")
    return response


def _ask(url, headers):
    request = urllib.request.Request(
        url, headers={"User-Agent": "mrcnn_keras", "Accept-Encoding": "identity", **headers}
    )
    return urllib.request.build_opener(SafeRedirects).open(request, timeout=TIMEOUT)


def _write(response, url, part, size, progress, otherwise):
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    done, total = _first_and_total(response) if resumed else (0, response.length)
    limit = LIMIT if size is None else size
    if total is not None and (total > limit or size is not None and total != size):
        expected = f"at most {LIMIT}" if size is None else size
        raise UserError(f"{url} has {total} bytes, the published file has {expected}; {otherwise}")
    total = total if size is None else size
    reason = None
    with open(part, "ab" if resumed else "wb") as stream:
        if not resumed:
            _keep_tag(response, part)
        while reason is None:
            try:
                chunk = response.read1(CHUNK)
            except (OSError, http.client.HTTPException) as error:
                reason = _words(error)
                break
            if not chunk:
                break
            done += len(chunk)
            if done > limit:
                break
            stream.write(chunk)
            progress(done, total)
    if done > limit:
        part.unlink()
        raise UserError(f"{url} sent more than {limit} bytes, more than the published file has; {otherwise}")
    if reason or (total is not None and done < total):
        raise UserError(
            f"{url} was cut off after {done} of {total or 'unknown'} bytes ({reason or 'the connection was closed'}); "
            f"they are kept: run this again to fetch the rest, or {otherwise}"
        )


def _first_and_total(response):
    """-> (first byte, bytes of the whole file) of a response with status 206; None where it does not say"""
    found = CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
    if not found:
        return None, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def tag_path(part):
    """Where the ETag of a partly downloaded file is kept."""
    return part.with_name(f"{part.name}.etag")


def _keep_tag(response, part):
    tag = response.headers.get("ETag", "")
    if STRONG_TAG.fullmatch(tag):
        tag_path(part).write_text(tag)
    else:
        tag_path(part).unlink(missing_ok=True)


class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects as urllib does, but only to https, and never from elsewhere to this computer."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        try:
            _check_url(newurl, http_here=urllib.parse.urlsplit(req.full_url).scheme == "http")
        except UserError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _check_url(url, http_here):
    """Refuses everything but https and, if http_here, http to this computer (for tests and mirrors)."""
    try:
        parts = urllib.parse.urlsplit(url)
        safe = parts.scheme == "https" or (http_here and parts.scheme == "http" and _is_this_computer(parts.hostname))
    except ValueError:  # the host is not a valid one
        safe = False
    if not (safe and parts.hostname):
        raise UserError(
            f"{url!r} is refused: files are fetched by https, or by http from this computer; give such a URL"
        )


def _is_this_computer(host):
    return host == "localhost" or ipaddress.ip_address(host or "").is_loopback


def _words(reason):
    return str(reason) or type(reason).__name__
