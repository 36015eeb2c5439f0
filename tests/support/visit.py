"""Visits `emolive web` as a browser does, without one: visit.py PORT [TEXT…] starts it, opens its page, and waits until
the page's script has run. Exit status 0 where all the texts were on the page."""

import asyncio
import subprocess
import sys
import time

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

PATIENCE_S = 180


async def visit(port: int) -> str:
    """All that the page's script put on the page."""
    at = f"http://127.0.0.1:{port}"
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            await AsyncHTTPClient().fetch(f"{at}/_stcore/health")
            break
        except OSError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.05)
    request = HTTPRequest(f"ws://127.0.0.1:{port}/_stcore/stream", headers={"Origin": at})
    line = await websocket_connect(request, subprotocols=["streamlit"], max_message_size=1 << 28)
    ask = BackMsg()
    ask.rerun_script.query_string = ""
    await line.write_message(ask.SerializeToString(), binary=True)
    seen = []
    while True:
        data = await asyncio.wait_for(line.read_message(), PATIENCE_S)
        assert isinstance(data, bytes), "the page hung up"
        message = ForwardMsg()
        message.ParseFromString(data)
        seen.append(str(message))
        if message.WhichOneof("type") == "script_finished":
            return "\n".join(seen)


def main(port: str, *texts: str) -> int:
    server = subprocess.Popen([sys.executable, "-m", "emolive", "web", "--port", port, "--no-browser"])
    try:
        page = asyncio.run(visit(int(port)))
    finally:
        server.terminate()
        server.wait(60)
    missing = [text for text in texts if text not in page]
    print("missing:", missing)
    return len(missing)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
