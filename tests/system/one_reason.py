#!/usr/bin/env python3
"""An end has one reason, wherever it is told: the journal's fields, its line, `status --json`, the exit code, a hook.

    one_reason.py JOURNAL STATUS EVENT CODE [exit=N] [by=WHO] [server=NAME] [text=WORDS]

JOURNAL: journalctl -o json.  EVENT: ended, waiting; hook: the first of the journal with this code is meant, as what a hook was
told of may have been followed by dials that fail in another way.
"""
import json
import sys


def main(journal, status, event, code, *told):
    told = dict(word.split('=', 1) for word in told)
    with open(journal) as file:
        records = [json.loads(line) for line in file]
    with open(status) as file:
        end = json.load(file)['tunnels'][0]['last_end']
    ends = [one for one in records if one.get('PPTPEER_CODE') == code and one['PPTPEER_EVENT'] in ('ended', 'waiting')]
    if not ends:
        sys.exit('no record of the journal has the code %s' % code)
    if event != 'hook' and (len(ends) != 1 or ends[0]['PPTPEER_EVENT'] != event):
        sys.exit('%d records of %s' % (len(ends), [one['PPTPEER_EVENT'] for one in ends]))
    record = ends[0]
    wanted = {'PPTPEER_NAME': 'office', 'PPTPEER_CODE': code}
    wanted.update(('PPTPEER_' + name.upper(), value) for name, value in told.items() if name != 'text')
    if event != 'hook':
        wanted.update({'PPTPEER_CODE': end['code'], 'PPTPEER_EXIT': str(end['exit']), 'PPTPEER_BY': end['by']})
        told['text'] = end['text']
    wrong = {name: record.get(name) for name, value in wanted.items() if record.get(name) != value}
    if wrong or not record['MESSAGE'].startswith('office: %s %s' % (code, told['text'])):
        sys.exit('the journal: %s\nelsewhere: %s %s\n%s' % (record, wanted, told, end))


main(*sys.argv[1:])
