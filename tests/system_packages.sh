#!/bin/sh
# Installs what the tests need and pip cannot bring: an X server without a screen, a window manager, hands, a browser, GL.
set -eu
missing=""
command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
command -v xdotool >/dev/null 2>&1 || missing="$missing xdotool"
command -v openbox >/dev/null 2>&1 || missing="$missing openbox"
command -v xprop >/dev/null 2>&1 || missing="$missing x11-utils"
command -v wmctrl >/dev/null 2>&1 || missing="$missing wmctrl"
command -v ffprobe >/dev/null 2>&1 || missing="$missing ffmpeg"
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium"
if [ "$(uname)" = Linux ]; then
  for pair in libEGL.so.1:libegl1 libGLESv2.so.2:libgles2 libGL.so.1:libgl1 libglib-2.0.so.0:libglib2.0-0; do
    ldconfig -p | grep -q "${pair%%:*}" || missing="$missing ${pair##*:}"
  done
fi
[ -n "$missing" ] || exit 0
if [ "$(uname)" = Linux ] && command -v apt-get >/dev/null 2>&1; then
  root=""
  [ "$(id -u)" = 0 ] || root="sudo"
  echo "Installing$missing"
  $root apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "The tests need$missing: please install them with your system's package manager." >&2
  exit 1
fi
