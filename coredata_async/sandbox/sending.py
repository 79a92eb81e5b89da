"""Transmission of a response, at the rate and to the point that the faults allow."""

from aiohttp import web

from coredata_async.sandbox.answer import Answer, Streamed
from coredata_async.sandbox.body_stream import Aborted, BodyStream, from_bytes
from coredata_async.sandbox.call import Call
from coredata_async.sandbox.connection import hang_up, wait_closed


async def send_answer(call: Call, answer: Answer) -> web.StreamResponse:
    """Hand the response to aiohttp: as a whole if it is short and unaffected by faults, else in pieces."""
    if isinstance(answer.body, bytes) and not _is_shaped(call):
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
    body = (
        answer.body
        if isinstance(answer.body, Streamed)
        else Streamed(len(answer.body), from_bytes(answer.body))
    )
    try:
        return await _stream(call, answer, body)
    finally:
        await body.close()


def _is_shaped(call: Call) -> bool:
    effect = call.effect
    late = not call.has_body and (effect.stall is not None or effect.corrupt is not None)
    return late or effect.truncate is not None or effect.rate is not None


async def _stream(call: Call, answer: Answer, body: Streamed) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = body.length
    await response.prepare(call.request)
    call.request.writer.send_headers()  # so that a body cut at byte 0 is a cut body
    if call.request.method == "HEAD":
        return response
    effect, quiet = call.effect, call.has_body
    flow = BodyStream(
        body.read,
        hold=lambda: wait_closed(call.request),
        cut=effect.truncate,
        stall=None if quiet else effect.stall,
        rate=effect.rate,
        corrupt=None if quiet else effect.corrupt,
    )
    try:
        async for piece in flow:
            await response.write(piece)
    except Aborted:
        # Closed, not reset: the bytes sent before the cut must arrive.
        hang_up(call.request)
    return response
