#!/bin/sh
# An example of an engine for Warren (docs/reference/process-engine.md) in POSIX sh: how many lines, words and bytes a file has.
#
#   Warren__Kinds__file_count__Command="sh engines/example/line_count.sh"
#
# Args are {"path": "..."}. A path with a quote or a backslash in it is refused: sh has no JSON.

# text NAME: the text of that name in $line.
text() {
  case $line in *"\"$1\":\""*) ;; *) return 1 ;; esac
  value=${line#*"\"$1\":\""}
  value=${value%%\"*}
  case $value in *\\*) return 1 ;; esac
}

fail() { printf '{"type":"error","id":"%s","code":"%s","message":"%s","cause":"invalid"}\n' "$id" "$1" "$2"; }

run() {
  text path || { fail file_count.invalid 'A text without quotes and backslashes was expected in path.'; return; }
  [ -f "$value" ] && [ -r "$value" ] || { fail file_count.not_found 'There is no file at this path that can be read.'; return; }
  printf '{"type":"progress","id":"%s","progress":10,"message":"counting"}\n' "$id"
  # Unquoted on purpose: wc pads its numbers.
  set -- $(wc <"$value")
  printf '{"type":"result","id":"%s","result":{"lines":%d,"words":%d,"bytes":%d}}\n' "$id" "$1" "$2" "$3"
}

printf '{"type":"ready","protocol":1}\n'
while IFS= read -r line; do
  case $line in
    '{"type":"ping"'*) printf '{"type":"pong"}\n' ;;
    '{"type":"job"'*) text id && id=$value && run ;;
  esac
done
