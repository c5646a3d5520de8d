"""What tests/system/repeat, transfer and sites share: the way into the lab, and one bed there."""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import types

HERE = os.path.dirname(os.path.realpath(__file__))
LIMIT = '3000'  # s


def number(text):
    found = re.fullmatch(r'(\d+)([kM]?)', text)
    if not found:
        sys.exit('a number, perhaps with k or M, not "%s"' % text)
    return int(found.group(1)) * {'': 1, 'k': 1 << 10, 'M': 1 << 20}[found.group(2)]


def main(usage, verb, words):
    build = os.path.realpath('.')
    if words[:1] == ['--inside']:
        sys.exit(inside(verb, words[1], number(words[2])))
    if words[:1] == ['--build'] and len(words) > 1:
        build, words = os.path.realpath(words[1]), words[2:]
    if len(words) != 1 or words[0].startswith('-'):
        sys.exit(usage)
    number(words[0])
    lab = os.environ.get('PPTPEER_LAB', os.path.join(HERE, '../lab/with-ppp'))
    sys.exit(subprocess.run(['bash', lab, '-t', LIMIT, os.path.join(HERE, 'inside'), verb, '--inside', build, words[0]],
                            env=dict(os.environ, PPTPEER_TEST_PATIENCE='5')).returncode)


def inside(verb, build, count):
    import bed as beds
    import server as servers
    folder = tempfile.mkdtemp(prefix='pptpeer-cmd.', dir='/tmp')
    runner = types.SimpleNamespace(command=os.path.join(build, 'pptpeer'), dir=folder, run_dirs=folder,
                                   plugin=os.path.join(build, 'plugin/.libs/pptpeer.so'))
    bed = beds.Bed(runner, 1, verb)
    try:
        if verb == 'repeat':
            servers.repeat(bed, count, say)
        elif verb == 'sites':
            import two_sites
            two_sites.repeat(bed, count, say)
        else:
            clean_and_damaged(bed, servers, count)
        bed.finish()
    except (beds.Failure, beds.Skip) as fault:
        say('not ok %s: %s' % (verb, fault))
        say('\n'.join(bed.evidence()))
        return 1
    finally:
        bed.close()
        shutil.rmtree(folder, ignore_errors=True)
    say('ok %s %d' % (verb, count))
    return 0


def clean_and_damaged(bed, servers, size):
    import signal
    server = servers.Server(bed)
    process = bed.connect('-u', server.user, password=server.password)
    process.wait_out(r'^ *[\d.]+ s +up ', 20)
    servers.transfer(bed, size, say)
    servers.netem(bed)
    say('now with 2 % loss and 10 % reordering each way')
    servers.transfer(bed, size, say, streams=servers.MANY)
    say(bed.tool('status', bed.NAME).rstrip())
    process.signal(signal.SIGINT)
    bed.expect(process, 0)


def say(text):
    print(text, flush=True)
