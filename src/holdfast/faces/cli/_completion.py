"""Completion scripts for bash, zsh and fish: commands and options as they are now, names asked for when they are needed.

Knows what each command takes, and the three shells' own languages; refuses to complete anything itself.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from holdfast.config import BY_NAME
from holdfast.faces.cli._command import Family
from holdfast.faces.cli._options import FORMATS
from holdfast.faces.cli._words import ASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_OPTIONS = {"--agent": "agents", "--project": "projects", "--tag": "tags", "--explain": "sessions"}
_ARGUMENTS = {
    "reference": "sessions",
    "references": "sessions",
    "query": "query",
    "tags": "tags",
    "project": "projects",
}
_OF_SETTINGS = ("config show", "config set")
FILES = "files"


class Takes(NamedTuple):
    """An option: its spellings, what its value is (a kind, or words to choose from), and its help."""

    names: tuple[str, ...]
    value: str | tuple[str, ...] | None
    about: str


class Spec(NamedTuple):
    """A command: its words, what it is for, its options, and the kinds of its arguments; the last may stand for more."""

    name: str
    about: str
    options: tuple[Takes, ...]
    arguments: tuple[str | tuple[str, ...], ...]
    below: tuple[str, ...] = ()


def specs(commands: Mapping[str, click.Command]) -> list[Spec]:
    """Describe commands and those below a family."""
    found: list[Spec] = []
    for name, command in commands.items():
        below = command.commands if isinstance(command, Family) else {}
        found.append(_spec(name, command, tuple(below)))
        found += [_spec(f"{name} {inner}", given, ()) for inner, given in below.items()]
    return found


def _spec(name: str, command: click.Command, below: tuple[str, ...]) -> Spec:
    options = [_takes(name, p) for p in command.params if isinstance(p, click.Option) and not p.hidden]
    help_option = Takes(("--help", "-h"), None, "Show what the command does.")
    arguments = tuple(_argument(name, p) for p in command.params if isinstance(p, click.Argument))
    return Spec(name, command.get_short_help_str(), (*options, help_option), arguments, below)


def _takes(command: str, option: click.Option) -> Takes:
    names = tuple(sorted((*option.opts, *option.secondary_opts), key=len, reverse=True))
    value: str | tuple[str, ...] | None = _kind(option.type) or next((_OPTIONS[n] for n in names if n in _OPTIONS), "")
    if (command, names[0]) == ("export", "--format"):
        value = FORMATS
    return Takes(names, None if option.is_flag else value, (option.help or "").rstrip("."))


def _argument(command: str, argument: click.Argument) -> str | tuple[str, ...]:
    kind = _kind(argument.type) or _ARGUMENTS.get(argument.name or "", "")
    if command in _OF_SETTINGS and argument.name == "name":
        return tuple(BY_NAME)
    if command == "undelete":
        return "trash"
    return "sessions" if kind == "query" and command == "export" else kind


def _kind(kind: Any) -> str | tuple[str, ...]:
    if isinstance(kind, click.Choice):
        return tuple(str(c) for c in kind.choices)
    return FILES if isinstance(kind, click.Path | click.File) else ""


def _words(value: str | tuple[str, ...]) -> str:
    """Say as one shell word what a value is: `=one two` for words, `:kind` for a kind."""
    return f"={' '.join(value)}" if isinstance(value, tuple) else f":{value}" if value else ""


def _cases(found: list[Spec]) -> Iterator[str]:
    """Yield a case for each command: its options, those with a value, its arguments and the commands below it."""
    for spec in found:
        flags = " ".join(n for o in spec.options for n in o.names)
        valued = " ".join(n for o in spec.options if o.value is not None for n in o.names)
        kinds = " ".join(shlex.quote(_words(a)) for a in spec.arguments)
        below = " ".join(spec.below)
        given = f"flags={shlex.quote(flags)}; valued={shlex.quote(valued)}; kinds=({kinds}); below={shlex.quote(below)}"
        yield f"    {shlex.quote(spec.name)}) {given};;"


def _values(found: list[Spec]) -> Iterator[str]:
    for spec in found:
        for option in spec.options:
            if option.value:
                patterns = "|".join(shlex.quote(f"{spec.name} {n}") for n in option.names)
                yield f"    {patterns}) want={shlex.quote(_words(option.value))};;"


def bash(found: list[Spec]) -> str:
    """Return the script for bash 4.4 and later."""
    return _BASH.format(
        top=" ".join(s.name for s in found if " " not in s.name),
        cases="\n".join(_cases(found)),
        values="\n".join(_values(found)),
        ask=ASK,
    )


def zsh(found: list[Spec]) -> str:
    """Return the script for zsh."""
    return _ZSH.format(
        top=" ".join(shlex.quote(f"{s.name}:{_plain(s.about)}") for s in found if " " not in s.name),
        cases="\n".join(_cases(found)),
        values="\n".join(_values(found)),
        ask=ASK,
    )


def fish(found: list[Spec]) -> str:
    """Return the script for fish 3 and later."""
    lines = [_FISH.format(ask=ASK)]
    for spec in found:
        parent, _, name = spec.name.rpartition(" ")
        where = f"__holdfast_at {_fish(parent)}" if parent else "__holdfast_at"
        lines.append(f"complete -c holdfast -n {_fish(where)} -a {_fish(name)} -d {_fish(spec.about)}")
    for spec in found:
        here = _fish(f"__holdfast_at {_fish(spec.name)}")
        given = [_fish_option(option) for option in spec.options]
        given += [_fish_value(kind) for kind in dict.fromkeys(spec.arguments) if kind]
        lines += [f"complete -c holdfast -n {here} {one}" for one in given]
    return "\n".join(lines) + "\n"


def _fish_option(option: Takes) -> str:
    names = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
    value = (
        ""
        if option.value is None
        else f" -x {_fish_value(option.value)}".rstrip()
        if option.value != FILES
        else " -r -F"
    )
    return f"{names}{value} -d {_fish(option.about)}"


def _fish_value(value: str | tuple[str, ...]) -> str:
    if value == FILES:
        return "-F"
    if isinstance(value, tuple):
        return f"-a {_fish(' '.join(value))}"
    return f"-a {_fish(f'(__holdfast_ask {value})')}" if value else ""


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _plain(text: str) -> str:
    return text.replace(":", "\\:")


_BASH = """\
# Completion of holdfast for bash: eval "$(holdfast completion bash)"
_holdfast() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} cut= cmd= store= word= skip= i n=0
  local flags='--json --store --yes --color --no-pager --help --version' valued='--store --color' below= want= line value
  local -a kinds=() found=()
  COMPREPLY=()
  # a colon is a word of its own here: join it with its neighbours again
  if [[ $cur == : ]]; then cut=$prev:; cur=$prev:; elif [[ $prev == : ]]; then
    cut=${{COMP_WORDS[COMP_CWORD-2]}}:; cur=$cut$cur; prev=; fi
  for (( i = 1; i < COMP_CWORD; i++ )); do
    word=${{COMP_WORDS[i]}}
    if [[ $skip ]]; then [[ $skip == --store ]] && store=$word; skip=; continue; fi
    if [[ $word == -* ]]; then [[ " $valued " == *" $word "* ]] && skip=$word; continue; fi
    if [[ ! $cmd || " $below " == *" $word "* ]]; then cmd=${{cmd:+$cmd }}$word; _holdfast_takes; else (( n++ )); fi
  done
  if [[ $skip ]]; then
    case "$cmd $skip" in
{values}
    esac
    [[ $skip == --color ]] && want='=auto always never'
  elif [[ $cur == -* ]]; then want="=$flags"
  elif [[ ! $cmd ]]; then want='={top}'
  elif [[ $below ]]; then want="=$below"
  elif (( ${{#kinds[@]}} )); then want=${{kinds[n < ${{#kinds[@]}} ? n : ${{#kinds[@]}} - 1]}}; fi
  local open= plain=${{cur//\\\\/}}
  [[ $cur == [\\'\\"]* ]] && open=${{cur:0:1}} plain=${{cur:1}}
  case $want in
    '='*) COMPREPLY=( $(compgen -W "${{want:1}}" -- "$plain") ); return;;
    :files) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$plain"); return;;
    :*) mapfile -t found < <(command holdfast {ask} "${{want:1}}" "$plain" "$store" 2>/dev/null);;
  esac
  for line in "${{found[@]}}"; do
    value=${{line%%$'\\t'*}}
    [[ $cut ]] && value=${{value#"$cut"}}
    [[ $open ]] || printf -v value %q "$value"
    COMPREPLY+=("$value")
  done
  [[ ${{#COMPREPLY[@]}} == 1 && ${{COMPREPLY[0]}} == *: ]] && compopt -o nospace
}}
_holdfast_takes() {{
  case $cmd in
{cases}
    *) flags='--help'; valued=; kinds=(); below=;;
  esac
}}
complete -F _holdfast holdfast
"""

_ZSH = """\
#compdef holdfast
# Completion of holdfast for zsh: holdfast completion zsh > a folder of $fpath, as _holdfast; or eval it after compinit
_holdfast() {{
  local cmd= store= word= skip= want= below= i n=0 line
  local flags='--json --store --yes --color --no-pager --help --version' valued='--store --color'
  local -a kinds top found values shown
  for (( i = 2; i < CURRENT; i++ )); do
    word=${{(Q)words[i]}}
    if [[ -n $skip ]]; then [[ $skip == --store ]] && store=$word; skip=; continue; fi
    if [[ $word == -* ]]; then [[ " $valued " == *" $word "* ]] && skip=$word; continue; fi
    if [[ -z $cmd || " $below " == *" $word "* ]]; then cmd=${{cmd:+$cmd }}$word; _holdfast_takes; else (( n++ )); fi
  done
  if [[ -n $skip ]]; then
    case "$cmd $skip" in
{values}
    esac
    [[ $skip == --color ]] && want='=auto always never'
  elif [[ $PREFIX == -* ]]; then want="=$flags"
  elif [[ -z $cmd ]]; then top=({top}); _describe command top; return
  elif [[ -n $below ]]; then want="=$below"
  elif (( $#kinds )); then want=$kinds[$(( n < $#kinds ? n + 1 : $#kinds ))]; fi
  case $want in
    '='*) compadd -- ${{=want[2,-1]}}; return;;
    :files) _files; return;;
    :*) found=("${{(@f)$(command holdfast {ask} "${{want[2,-1]}}" "${{(Q)PREFIX}}" "$store" 2>/dev/null)}}");;
    *) return 1;;
  esac
  for line in $found; do
    [[ -n $line ]] || continue
    values+=("${{line%%$'\\t'*}}"); shown+=("${{line%%$'\\t'*}}  ${{line#*$'\\t'}}")
  done
  (( $#values )) || return 1
  if [[ $#values == 1 && $values[1] == *: ]]; then compadd -S '' -- $values; else compadd -V found -l -d shown -- $values; fi
}}
_holdfast_takes() {{
  case $cmd in
{cases}
    *) flags='--help'; valued=; kinds=(); below=;;
  esac
}}
if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
"""

_FISH = """\
# Completion of holdfast for fish: holdfast completion fish > ~/.config/fish/completions/holdfast.fish
function __holdfast_line
    set -l store
    set -l words
    for word in (commandline -opc)[2..-1]
        if set -q skip
            test $skip = --store; and set store $word
            set -e skip
        else if contains -- $word --store --color
            set skip $word
        else if not string match -q -- '-*' $word
            set -a words $word
        end
    end
    echo $store
    string join \\n -- $words
end
function __holdfast_at
    set -l line (__holdfast_line)
    set -l words $line[2..-1]
    if test (count $argv) = 0
        test (count $words) = 0
        return
    end
    set -l wanted (string split ' ' -- $argv[1])
    test (count $words) -ge (count $wanted); and test "$words[1..$(count $wanted)]" = "$argv[1]"
end
function __holdfast_ask
    set -l line (__holdfast_line)
    command holdfast {ask} $argv[1] (commandline -ct | string unescape) "$line[1]" 2>/dev/null
end
complete -c holdfast -f
complete -c holdfast -l json -d 'Print JSON alone'
complete -c holdfast -l store -x -d 'Use another archive'
"""
