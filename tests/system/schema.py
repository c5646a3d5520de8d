#!/usr/bin/env python3
"""What pptpeer prints with --json, held against output.schema.json.

    schema.py KIND [FILE]      KIND: status, show, show-pppd, trace, trace-event, trace-capture, trace-capture-event, explain; FILE or standard input
    schema.py --same FILE...   what status said of one tunnel each: is it the same tunnel?

Says what is wrong and where.  Exit status 0: nothing.
"""
import json
import os
import sys

try:
    import jsonschema
except ImportError:
    sys.exit('python3-jsonschema is missing; run: scripts/setup check')

HERE = os.path.dirname(os.path.realpath(__file__))
# Of one dial, not of the tunnel; of gre nothing but counters is left then.
OF_THE_DIAL = {'since', 'uptime_s', 'last_end', 'call.local_id', 'call.peer_id', 'channel', 'gre', 'ppp.pppd_pid', 'ppp.local',
               'ppp.rx_bytes', 'ppp.tx_bytes', 'control.echo_rtt_us', 'control.last_rx_ms'}


def validators():
    """One for each definition that has a title: those that a command prints."""
    with open(os.path.join(HERE, 'output.schema.json')) as file:
        schema = json.load(file)
    kind = jsonschema.Draft202012Validator
    kind.check_schema(schema)
    formats = jsonschema.FormatChecker(['ipv4'])
    return {name: kind(dict(schema, **{'$ref': '#/$defs/' + name}), format_checker=formats)
            for name, definition in schema['$defs'].items() if 'title' in definition}


VALIDATORS = validators()


def faults(kind, document):
    """Each with its place; none: it is valid."""
    return ['%s: %s' % (error.json_path, error.message.splitlines()[0][:200])
            for error in sorted(VALIDATORS[kind].iter_errors(document), key=lambda error: error.json_path)]


def kind_of(words):
    """Which of them a command's words ask for; None: another output than JSON."""
    if '--json' not in words:
        return None
    verb = words[0] if not words[0].startswith('-') else 'status'  # the default verb
    if verb == 'show' and '--pppd' in words:
        return 'show-pppd'
    if verb == 'trace' and {'-r', '--read'} & set(words):
        return 'trace-capture'
    if verb == 'trace' and {'-i', '--interface'} & set(words):
        return 'trace-capture-event'
    if verb == 'trace' and {'-f', '--follow'} & set(words):
        return 'trace-event'
    return verb


def read(words, text):
    """The documents in what a command said, perhaps behind the words of an error; ValueError if one is not valid."""
    kind, documents = kind_of(words), []
    at = min((text.find(mark) for mark in '{[' if mark in text), default=len(text))
    while at < len(text):
        document, at = json.JSONDecoder().raw_decode(text, at)
        found = faults(kind, document)
        if found:
            raise ValueError('not as the schema says:\n%s\n%s' % ('\n'.join(found), json.dumps(document, indent=1)))
        documents.append(document)
        at += len(text[at:]) - len(text[at:].lstrip())
    if not documents:
        raise ValueError('no JSON: %s' % text)
    return documents


def flat(value, path=''):
    """{'ppp.mtu': 1456, ...}"""
    if not isinstance(value, dict):
        return {path: value}
    found = {}
    for name, member in value.items():
        found.update(flat(member, path + '.' + name if path else name))
    return found


def constant(tunnel):
    """What must be the same whichever way a tunnel was started."""
    return {path: value for path, value in flat(tunnel).items()
            if path not in OF_THE_DIAL and path.split('.')[0] not in OF_THE_DIAL}


def differences(tunnels):
    """{name: tunnel} -> where two of them are not the same."""
    kept = {name: constant(tunnel) for name, tunnel in tunnels.items()}
    paths = sorted({path for one in kept.values() for path in one})
    return ['%s: %s' % (path, {name: one.get(path, 'missing') for name, one in kept.items()})
            for path in paths if len({json.dumps(one.get(path, 'missing')) for one in kept.values()}) != 1]


def main(words):
    if len(words) > 1 and words[0] == '--same':
        tunnels = {}
        for path in words[1:]:
            with open(path) as file:
                (tunnels[path],) = read(('status', '--json'), file.read())[0]['tunnels']
        found = differences(tunnels)
    elif words and words[0] in VALIDATORS and len(words) < 3:
        with open(words[1]) if len(words) > 1 else sys.stdin as file:
            found = faults(words[0], json.load(file))
    else:
        sys.exit(__doc__)
    print('\n'.join(found), end='\n' * bool(found))
    return bool(found)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
