#!/bin/sh
# Installs what the tests need and pip cannot bring: an X server without a screen, a window manager, hands, a browser, GL.
# What cannot be had is named, and the tests that need it are left out; it is no failure.
set -u
missing=""
need() { command -v "$1" >/dev/null 2>&1 || missing="$missing $2"; }
need Xvfb xvfb
need xdotool xdotool
need openbox openbox
need xprop x11-utils
need wmctrl wmctrl
need ffprobe ffmpeg
command -v google-chrome >/dev/null 2>&1 || need chromium chromium
if [ "$(uname)" = Linux ]; then
  need ip iproute2
  need strace strace
  for pair in libEGL.so.1:libegl1 libGLESv2.so.2:libgles2 libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0; do
    ldconfig -p | grep -q "${pair%%:*}" || missing="$missing ${pair##*:}"
  done
fi
[ -n "$missing" ] || exit 0
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null 2>&1; then
  root=""
  [ "$(id -u)" = 0 ] || root="sudo"
  install() { DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }
  echo "Installing$missing"
  $root apt-get update -qq || true
  # shellcheck disable=SC2086
  install $missing && exit 0
  left=""
  for one in $missing; do install "$one" || left="$left $one"; done
  missing="$left"
fi
[ -z "$missing" ] || echo "Not to be had here:$missing. Tests that need them are left out; install them by hand to have all." >&2
exit 0
