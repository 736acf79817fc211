"""Drives libgit2: version | clone URL FOLDER [DEPTH] | fetch FOLDER | push FOLDER BRANCH | tag FOLDER NAME.

Over SSH, which its own libssh2 speaks, CLIENT_KEY names a private key.
"""
import os
import sys
from urllib.parse import unquote, urlsplit

import pygit2

WHO = pygit2.Signature("Ada Lovelace", "ada@example.com")


class Callbacks(pygit2.RemoteCallbacks):
    def __init__(self, url):
        super().__init__()
        self.url = urlsplit(url)

    def credentials(self, url, username_from_url, allowed_types):
        key = os.environ.get("CLIENT_KEY")
        if key:
            return pygit2.Keypair(username_from_url, key + ".pub", key, "")
        return pygit2.UserPass(self.url.username, unquote(self.url.password))

    def certificate_check(self, certificate, valid, host):
        return True

    def push_update_reference(self, refname, message):
        if message:
            raise SystemExit(refname + ": " + message)


def clone(url, folder, depth=None):
    more = {"depth": int(depth)} if depth else {}
    pygit2.clone_repository(url, folder, callbacks=Callbacks(url), **more)


def fetch(folder):
    remote = pygit2.Repository(folder).remotes["origin"]
    remote.fetch(callbacks=Callbacks(remote.url))


def push(folder, branch):
    repository = pygit2.Repository(folder)
    with open(os.path.join(folder, branch), "w") as file:
        file.write("by libgit2\n")
    repository.index.add(branch)
    tree = repository.index.write_tree()
    head = repository.head.target
    print(repository.create_commit("refs/heads/" + branch, WHO, WHO, "By libgit2\n", tree, [head]))
    send(repository, "refs/heads/" + branch)


def tag(folder, name):
    repository = pygit2.Repository(folder)
    repository.create_tag(name, repository.head.target, 1, WHO, "By libgit2\n")
    send(repository, "refs/tags/" + name)


def send(repository, name):
    remote = repository.remotes["origin"]
    remote.push([name + ":" + name], callbacks=Callbacks(remote.url))


def version():
    # GIT_FEATURE_SSH, whose name has moved.
    if os.environ.get("CLIENT_KEY") and not pygit2.features & 4:
        raise SystemExit("built without SSH")
    print(pygit2.LIBGIT2_VERSION)


globals()[sys.argv[1]](*sys.argv[2:])
