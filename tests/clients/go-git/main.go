// Drives go-git: version | clone URL FOLDER [DEPTH] | fetch FOLDER | push FOLDER BRANCH | tag FOLDER NAME.
package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/ssh"
	gossh "golang.org/x/crypto/ssh"
)

func main() {
	args := os.Args[1:]
	var err error
	switch args[0] {
	case "version":
		version()
	case "clone":
		err = clone(args[1:])
	case "fetch":
		err = fetch(args[1])
	case "push":
		err = push(args[1], args[2])
	case "tag":
		err = tag(args[1], args[2])
	}
	if err != nil && err != git.NoErrAlreadyUpToDate {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func version() {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/go-git/go-git/v5" {
			fmt.Println(module.Version)
		}
	}
}

func clone(args []string) error {
	depth := 0
	if len(args) > 2 {
		depth, _ = strconv.Atoi(args[2])
	}
	_, err := git.PlainClone(args[1], false, &git.CloneOptions{URL: args[0], Depth: depth, Auth: auth(args[0])})
	return err
}

func fetch(folder string) error {
	repository, address, err := open(folder)
	if err != nil {
		return err
	}
	return repository.Fetch(&git.FetchOptions{Auth: auth(address)})
}

func push(folder, branch string) error {
	repository, address, err := open(folder)
	if err != nil {
		return err
	}
	tree, err := repository.Worktree()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, branch), []byte("by go-git\n"), 0o644); err != nil {
		return err
	}
	if _, err := tree.Add(branch); err != nil {
		return err
	}
	id, err := tree.Commit("By go-git\n", &git.CommitOptions{Author: who()})
	if err != nil {
		return err
	}
	fmt.Println(id)
	head, err := repository.Head()
	if err != nil {
		return err
	}
	refspec := config.RefSpec(head.Name().String() + ":refs/heads/" + branch)
	return repository.Push(&git.PushOptions{Auth: auth(address), RefSpecs: []config.RefSpec{refspec}})
}

func tag(folder, name string) error {
	repository, address, err := open(folder)
	if err != nil {
		return err
	}
	head, err := repository.Head()
	if err != nil {
		return err
	}
	if _, err := repository.CreateTag(name, head.Hash(), &git.CreateTagOptions{Tagger: who(), Message: "By go-git\n"}); err != nil {
		return err
	}
	ref := plumbing.NewTagReferenceName(name).String()
	return repository.Push(&git.PushOptions{Auth: auth(address), RefSpecs: []config.RefSpec{config.RefSpec(ref + ":" + ref)}})
}

func open(folder string) (*git.Repository, string, error) {
	repository, err := git.PlainOpen(folder)
	if err != nil {
		return nil, "", err
	}
	remote, err := repository.Remote("origin")
	if err != nil {
		return nil, "", err
	}
	return repository, remote.Config().URLs[0], nil
}

// Over SSH, CLIENT_KEY names a private key.
func auth(address string) transport.AuthMethod {
	if key := os.Getenv("CLIENT_KEY"); key != "" {
		keys, err := ssh.NewPublicKeysFromFile("git", key, "")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		keys.HostKeyCallback = gossh.InsecureIgnoreHostKey()
		return keys
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.User == nil {
		return nil
	}
	password, _ := parsed.User.Password()
	return &http.BasicAuth{Username: parsed.User.Username(), Password: password}
}

func who() *object.Signature {
	return &object.Signature{Name: "Ada Lovelace", Email: "ada@example.com", When: time.Unix(1700000000, 0)}
}
