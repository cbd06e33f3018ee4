#!/bin/sh
# Speaks every text of sounds/texts.en.yaml into sounds/<name>.wav: PCM of 16 bits, mono, 8000 Hz.
# Only for those who change the texts; the sounds are part of the sources.
set -eu
cd "$(dirname "$0")/.."
for tool in espeak-ng sox; do
  command -v "$tool" > /dev/null || { echo "Install $tool first: apt-get install espeak-ng sox" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed -n 's/^\([a-z]*\): "\(.*\)"$/\1|\2/p' sounds/texts.en.yaml | while IFS='|' read -r name text; do
  espeak-ng -v en-gb -s 165 -w "$work/$name.wav" "$text"
  # Telephone band, a level well below clipping, and quiet ends so that nothing is cut off.
  sox -D "$work/$name.wav" -r 8000 -c 1 -b 16 "sounds/$name.wav" highpass 200 lowpass 3400 norm -6 pad 0.2 0.4
  echo "sounds/$name.wav"
done
