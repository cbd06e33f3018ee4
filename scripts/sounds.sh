#!/bin/sh
# Speaks texts into telephone sounds: PCM of 16 bits, mono, 8000 Hz.
#
#   scripts/sounds.sh                                   sounds/texts.yaml → sounds/<language>/<prompt>.wav
#   scripts/sounds.sh var/sounds/demo/texts.yaml var/sounds/demo      the same for one shop's own texts
#
# Only for those who change texts; the sounds are part of the sources. The same texts and the same versions of
# the two programs give the same bytes. manifest.json notes which text each sound was spoken from.
set -eu
# Decibels of mean power against full scale: a little louder than people on the phone.
rms=-23
here=$(cd "$(dirname "$0")" && pwd)
texts=${1:-$here/../sounds/texts.yaml}
out=${2:-$(dirname "$texts")}
for tool in node espeak-ng sox; do
  command -v "$tool" > /dev/null || { echo "Install $tool first (on Debian: apt-get install espeak-ng sox)." >&2; exit 1; }
done
[ -f "$texts" ] || { echo "There is no file $texts." >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# One line per sound: language, prompt, text, between tabs. Into a file, so that a wrong text ends the script.
node "$here/sounds.mjs" list "$texts" > "$work/list"
tab=$(printf '\t')
while IFS="$tab" read -r language prompt text; do
  mkdir -p "$out/$language"
  espeak-ng -v "$language" -s 175 -w "$work/spoken.wav" -- "$text" < /dev/null
  # The telephone band, no silence around the words.
  sox -R -D "$work/spoken.wav" -r 8000 -c 1 -b 16 -e signed-integer "$work/trimmed.wav" gain -6 highpass 200 lowpass 3400 \
    silence 1 0.01 0.3% reverse silence 1 0.01 0.3% reverse
  # One loudness for all, in mean power and not by peaks, and short ends so that nothing is cut off.
  level=$(sox "$work/trimmed.wav" -n stats 2>&1 | sed -n 's/^RMS lev dB *//p')
  sox -R -D "$work/trimmed.wav" "$out/$language/$prompt.wav" gain -l "$(awk "BEGIN { print $rms - $level }")" pad 0.1 0.2
  echo "$out/$language/$prompt.wav"
done < "$work/list"
node "$here/sounds.mjs" manifest "$texts" "$out"
