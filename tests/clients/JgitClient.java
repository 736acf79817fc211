import java.io.File;
import java.net.URI;
import java.nio.file.Files;
import java.util.List;
import org.eclipse.jgit.api.CloneCommand;
import org.eclipse.jgit.api.Git;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.transport.CredentialsProvider;
import org.eclipse.jgit.transport.PushResult;
import org.eclipse.jgit.transport.RefSpec;
import org.eclipse.jgit.transport.RemoteRefUpdate;
import org.eclipse.jgit.transport.UsernamePasswordCredentialsProvider;

/** Drives JGit: version | clone URL FOLDER [DEPTH] | fetch FOLDER | push FOLDER BRANCH | tag FOLDER NAME. CLIENT_URL has the password. */
public class JgitClient {
    private static final PersonIdent WHO = new PersonIdent("Ada Lovelace", "ada@example.com");

    public static void main(String[] args) throws Exception {
        if (args[0].equals("version")) {
            System.out.println(Git.class.getPackage().getImplementationVersion());
            return;
        }
        if (args[0].equals("clone")) {
            CloneCommand command = Git.cloneRepository();
            command.setURI(args[1]).setDirectory(new File(args[2])).setCredentialsProvider(credentials());
            // Since 6.3; Debian's is older, and would not compile a call.
            if (args.length > 3) CloneCommand.class.getMethod("setDepth", int.class).invoke(command, Integer.parseInt(args[3]));
            command.call();
            return;
        }
        try (Git git = Git.open(new File(args[1]))) {
            switch (args[0]) {
                case "fetch" -> git.fetch().setCredentialsProvider(credentials()).call();
                case "push" -> push(git, args[2]);
                case "tag" -> {
                    git.tag().setName(args[2]).setMessage("By JGit\n").setTagger(WHO).call();
                    send(git, "refs/tags/" + args[2] + ":refs/tags/" + args[2]);
                }
                default -> throw new IllegalArgumentException(args[0]);
            }
        }
    }

    private static void push(Git git, String branch) throws Exception {
        Files.writeString(git.getRepository().getWorkTree().toPath().resolve(branch), "by JGit\n");
        git.add().addFilepattern(branch).call();
        String id = git.commit().setMessage("By JGit\n").setAuthor(WHO).setCommitter(WHO).call().name();
        send(git, "HEAD:refs/heads/" + branch);
        System.out.println(id);
    }

    private static void send(Git git, String refspec) throws Exception {
        Iterable<PushResult> results =
                git.push().setRefSpecs(List.of(new RefSpec(refspec))).setCredentialsProvider(credentials()).call();
        for (PushResult result : results) {
            for (RemoteRefUpdate update : result.getRemoteUpdates()) {
                if (update.getStatus() != RemoteRefUpdate.Status.OK) throw new IllegalStateException(update.toString());
            }
        }
    }

    private static CredentialsProvider credentials() throws Exception {
        String[] parts = new URI(System.getenv("CLIENT_URL")).getUserInfo().split(":", 2);
        return new UsernamePasswordCredentialsProvider(parts[0], parts[1]);
    }
}
