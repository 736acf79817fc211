"""Drives dulwich: version | clone URL FOLDER [DEPTH] | fetch FOLDER | push FOLDER BRANCH | tag FOLDER NAME.

It keeps no password in the configuration, so CLIENT_URL has it. Over SSH, which paramiko speaks, CLIENT_KEY names a private key.
"""
import os
import sys
from urllib.parse import unquote, urlsplit

from dulwich import __version__, porcelain

KEY = os.environ.get("CLIENT_KEY")
WHO = b"Ada Lovelace <ada@example.com>"


if KEY:
    import dulwich.client
    from dulwich.contrib.paramiko_vendor import ParamikoSSHVendor

    class KeyVendor(ParamikoSSHVendor):
        def run_command(self, *args, **options):
            return super().run_command(*args, **{**options, "key_filename": KEY, "pkey": None})

    dulwich.client.get_ssh_vendor = KeyVendor


def clone(url, folder, depth=None):
    porcelain.clone(url, folder, depth=int(depth) if depth else None, errstream=open(os.devnull, "wb"))


def credentials():
    if KEY:
        return {}
    url = urlsplit(os.environ["CLIENT_URL"])
    return {"username": url.username, "password": unquote(url.password)}


def fetch(folder):
    quiet = {"errstream": open(os.devnull, "wb"), "outstream": open(os.devnull, "w")}
    porcelain.fetch(folder, "origin", **quiet, **credentials())


def push(folder, branch):
    with open(os.path.join(folder, branch), "w") as file:
        file.write("by dulwich\n")
    porcelain.add(folder, [os.path.join(folder, branch)])
    commit = porcelain.commit(folder, message=b"By dulwich\n", author=WHO, committer=WHO)
    send(folder, "HEAD:refs/heads/" + branch)
    print(commit.decode())


def tag(folder, name):
    porcelain.tag_create(folder, name.encode(), author=WHO, message=b"By dulwich\n", annotated=True)
    send(folder, "refs/tags/" + name)


def send(folder, refspec):
    if refspec.startswith("HEAD:"):
        # Older versions do not know HEAD in a refspec.
        refspec = porcelain.active_branch(folder).decode() + refspec[4:]
    quiet = open(os.devnull, "wb")
    porcelain.push(folder, "origin", refspec, outstream=quiet, errstream=quiet, **credentials())


def version():
    print(".".join(str(part) for part in __version__))


globals()[sys.argv[1]](*sys.argv[2:])
