#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# whole.sh IN.a OUT.a: an archive of one object, in which the hidden names are local.
set -eu
whole=${2%.a}.o
ld -r -o "$whole" --whole-archive "$1"
objcopy --localize-hidden "$whole"
rm -f "$2"
ar -rcs "$2" "$whole"
rm -f "$whole"
