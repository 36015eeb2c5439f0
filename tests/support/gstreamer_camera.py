"""An RTSP camera by GStreamer, run by the system's Python: gstreamer_camera.py PORT. User u, password p#s, path /live;
160×240 pixels twice as wide as high. At /udp the same over UDP only, with sound."""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
gi.require_version("GstRtsp", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

Gst.init(None)
PICTURE = (
    "videotestsrc is-live=true ! video/x-raw,format=I420,width=160,height=240,framerate=15/1,pixel-aspect-ratio=2/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 config-interval=1"
)
SOUND = "audiotestsrc is-live=true ! audioconvert ! mulawenc ! rtppcmupay name=pay1 pt=0"
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "u")
auth = GstRtspServer.RTSPAuth()
auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
auth.add_digest("u", "p#s", token)
may = "u, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(sys.argv[1])
server.set_auth(auth)
for path, what, over in (
    ("/live", PICTURE, GstRtsp.RTSPLowerTrans.TCP),
    ("/udp", f"{PICTURE} {SOUND}", GstRtsp.RTSPLowerTrans.UDP),
):
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {what} )")
    factory.set_shared(True)
    factory.set_protocols(over)
    factory.add_role_from_structure(Gst.Structure.from_string(may)[0])
    server.get_mount_points().add_factory(path, factory)
server.attach(None)
print("on", flush=True)
GLib.MainLoop().run()
