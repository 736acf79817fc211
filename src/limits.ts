/** Every bound of the system, with its unit and its reason. Nothing else in the code names such a number. */
const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

export const limits = {
  /** A pkt-line, length digits included — gitprotocol-common(5). */
  pktLineMaxBytes: 65_520,
  /** Side-band 64k payload of one pkt: the pkt less 4 length digits and 1 band byte. */
  sideBandPayloadBytes: 65_515,
  /** Silence after which a keepalive goes out, so that proxies do not cut the connection (Cloudflare: 100 s). */
  keepaliveIntervalMs: 5_000,
  /** A git request body that is no pack (wants, haves, commands), after gunzip: git's GIT_HTTP_MAX_REQUEST_BUFFER. */
  requestBufferMaxBytes: 10 * MIB,
  /** Bytes of a body that are read and thrown away, so that a client that is still sending gets to see why it was refused. */
  drainMaxBytes: 64 * MIB,
  /** Silence of a client that was refused before its body was in, after which the connection is cut: nginx's lingering_timeout. */
  lingerIdleMs: 5_000,
  /** Progress messages that wait for a client that does not read; further ones are dropped. */
  progressBacklogMax: 64,
  /** `want` and `have` lines of one request. */
  negotiationLinesMax: 100_000,
  /** Commands of one push. */
  pushCommandsMax: 10_000,
  /** Push options of one push, and the bytes of one. */
  pushOptionsMax: 256,
  pushOptionMaxBytes: 4 * KIB,
  /** The certificate of a signed push, which is kept: the commands of the largest push with names of 100 bytes. */
  pushCertificateMaxBytes: 2 * MIB,
  /** A ref name. */
  refNameMaxBytes: 1 * KIB,
  /** Lists of refs that are kept as they are sent, plain and deflated: of so many refs, one of them, all together, and the pieces in which they go out. */
  refListingKeptRefsMin: 200,
  refListingMaxBytes: 64 * MIB,
  refListingsMaxBytes: 192 * MIB,
  refListingPieceBytes: 256 * KIB,
  /** `ref-prefix` lines beyond which ls-refs ignores them all, as git does. */
  refPrefixesMax: 65_536,

  /** A pack as it is sent. */
  packMaxBytes: 2 * GIB,
  /** Objects in one pack: Linux has some eleven million. */
  packObjectsMax: 20_000_000,
  /** One object after inflation: larger than the first is taken with a warning, larger than the second refused. */
  objectWarnBytes: 100 * MIB,
  objectMaxBytes: 500 * MIB,
  /** An object that may be held in memory whole, such as a delta base; larger ones are streamed. */
  objectInMemoryMaxBytes: 128 * MIB,
  /** Objects that one thread holds on the way down a delta chain; beyond it they are derived again when needed. */
  deltaPathMaxBytes: 96 * MIB,
  /** All objects of one push after inflation, and its ratio to the bytes sent: beyond both it is a bomb. Where nearly every block may be part of a collision attack, as in a file of zeros, a gibibyte takes a thread ten seconds and more. */
  pushInflatedMaxBytes: 2 * GIB,
  pushInflationRatioMax: 1_000,
  /** What a tree names `.gitmodules` or `.gitattributes`: git's ATTR_MAX_FILE_SIZE. */
  namedBlobMaxBytes: 100 * MIB,
  /** Deltas between an object and its whole base: git's own upper bound (pack.depth). */
  deltaDepthMax: 4_095,
  /** Deltas of a chain that name their bases by id: each takes a pass of its own. git uses 50 by default, 250 long ago for `--aggressive`. */
  deltaRoundsMax: 256,
  /** Objects of the repository that a thin pack stands on, all in memory at once. */
  thinBasesMaxBytes: 256 * MIB,
  /** Stored objects that are compared at once with what a push brings under their names; larger ones are compared as they stream by. */
  collisionLotBytes: 16 * MIB,
  collisionLotObjects: 2_048,
  /** Trees read to find out whether a ref reaches what a push refers to, and objects of a pack to find out which refs miss something. */
  pushTreesReadMax: 200_000,
  /** Trees that are read here, newest first, before a history is: enough for what the newest commits have, at some 20 ms. */
  visibleTreesSearched: 512,
  treeEntriesMax: 1_000_000,
  /** Trees inside each other, the outermost having depth 0: git's default of core.maxTreeDepth, and what an owner may allow. */
  treeDepthMax: 2_048,
  treeDepthSiteMax: 4_096,

  /** `.gitattributes` of an archive, and a line of it: git's own bounds are 100 MiB and the same 2 KiB. */
  attributesMaxBytes: 1 * MIB,
  attributeLineMaxBytes: 2 * KIB,
  /** Files of an archive that are read together, of which the next are read while these are written. */
  archiveBatchBytes: 8 * MIB,
  archiveBatchFiles: 512,
  /** A file of an archive that is held in memory whole; larger ones are streamed. */
  archiveFileInMemoryMaxBytes: 4 * MIB,
  /** git's core.bigFileThreshold: a larger file is archived as it is stored, unless it has `export-subst`. */
  archiveBigFileBytes: 512 * MIB,
  /** A line of a streamed file, a keyword or a format in it: so much is held at once while its end is looked for. */
  archiveLineMaxBytes: 1 * MIB,
  /** What the `$Format:…$` of a file in memory make of it. */
  exportSubstMaxBytes: 32 * MIB,
  /**
   * What `$Format:…$` of one archive may read and write in sum, for a short format can ask for a long message a million times; the
   * largest commit that is formatted; and the longest text whose columns are counted, which is done in one go.
   */
  commitFormatWorkBytes: 64 * MIB,
  commitFormatMaxBytes: 1 * MIB,
  commitFormatColumnsMaxBytes: 64 * KIB,
  /** `.mailmap`, which is read whole: that of Linux has 30 KiB. */
  mailmapMaxBytes: 1 * MIB,
  /** Where a symbolic link of an archive leads: four times what Linux follows. */
  archiveLinkMaxBytes: 16 * KIB,
  /** The table of contents of a zip archive, some hundred bytes a file, stands at its end and so in memory. */
  zipDirectoryMaxBytes: 64 * MIB,
  /** Arguments of `git archive --remote`: git's MAX_ARGS. */
  archiveArgumentsMax: 64,
  /** Entries of one archive: a small repository can name a folder within folders billions of times. */
  archiveEntriesMax: 5_000_000,

  /** Up to this size a pack is held in memory and stored by one request. */
  smallPackMaxBytes: 16 * MIB,
  /** Compressed bytes of one large push that stay in memory after they were stored, so that deltas need not be read back. */
  packRetainMaxBytes: 96 * MIB,
  /** The same for all pushes of one process together; who comes late reads more back. */
  packRetainProcessMaxBytes: 256 * MIB,
  /** A batch of the second pass: compressed bytes that a thread works on in one go. */
  resolveBatchBytes: 12 * MIB,
  /** Read-backs: gap that is read along rather than asked around, and the longest range. */
  readBackGapMaxBytes: 512 * KIB,
  readBackRangeMaxBytes: 8 * MIB,
  /** A part of a multipart upload. S3 allows 10,000 parts of 5 MiB and more. */
  uploadPartBytes: 8 * MIB,
  /** Memory that a pack on its way in begins with: shared memory is given back late, so thousands of small pushes must not take a part's each. */
  packFirstSegmentBytes: 64 * KIB,
  /** Pieces of an incoming pack that may be parsed or uploaded at once: what a fast sender can be ahead. */
  ingestWorkAheadMax: 4,
  /** Ranged reads of a clone: size of one, and how many are under way. */
  cloneReadBytes: 8 * MIB,
  cloneReadsInFlight: 3,

  /** A file is streamed in chunks of this size: where larger ones stop being faster. One more is read ahead. */
  fileChunkBytes: 1 * MIB,
  fileChunksInFlight: 2,
  /** Blob files kept open, so that a ranged read costs one system call instead of three. */
  openFilesMax: 128,
  /** An unfinished upload not written to for that long belongs to a process that died. */
  staleUploadMs: 3_600_000,
  /** Parts of one multipart upload, and the least size of all but its last: S3's own bounds. */
  uploadPartsMax: 10_000,
  uploadPartMinBytes: 5 * MIB,
  /** What S3 takes in one PUT. */
  presignedWriteMaxBytes: 5 * GIB,

  /** One LFS object: within what 10,000 parts hold when it passes through us. */
  lfsObjectMaxBytes: 50 * GIB,
  /** A part of an LFS object that passes through us; two are in memory for each. */
  lfsPartBytes: 6 * MIB,
  /** LFS objects that one process takes at a time; further clients are asked to come back. */
  lfsUploadsMax: 32,
  /** Objects of one batch request (git-lfs asks for 100), and its bytes. */
  lfsBatchObjectsMax: 1_000,
  lfsRequestMaxBytes: 1 * MIB,
  /** Time in which a transfer may begin at a presigned address, and in which one that began has to be over before it counts as abandoned. */
  lfsAddressLifetimeMs: 3_600_000,
  lfsUploadGraceMs: 24 * 3_600_000,
  /** Of an upload that passes through us; renewed at a third of that. */
  lfsUploadLeaseMs: 120_000,
  /** Uploads of one object that are looked at for the one that arrived. */
  lfsUploadsTriedMax: 20,
  /** Expired uploads that are removed in one go. */
  lfsSweepBatch: 50,
  /** Locks of one answer, and when the client does not say. */
  lfsLockPageMax: 1_000,
  lfsLockPageCount: 100,
  /** A path that is locked: an entry of a Postgres index has at most 2,704 bytes. */
  lfsLockPathMaxBytes: 2_048,

  /** Connections to the object store; the SDK's 50 are used up by a dozen clones. */
  s3SocketsMax: 256,
  /** Tries of one request to the object store, and of one body that breaks off; 503 SlowDown is retried with jitter. */
  s3AttemptsMax: 6,
  s3BodyAttemptsMax: 3,
  s3ConnectTimeoutMs: 5_000,
  /** Silence of the object store in mid-request after which the connection is given up. */
  s3IdleTimeoutMs: 30_000,

  /** The in-process cache, which stands in for Redis. */
  cacheEntriesMax: 100_000,
  cacheMaxBytes: 64 * MIB,
  /** One command to Redis, and one attempt to connect. */
  redisCommandTimeoutMs: 2_000,
  redisConnectTimeoutMs: 5_000,
  /** Between two attempts to reconnect to Redis. Commands wait for one attempt, so it is also what a page may lose. */
  redisReconnectDelayMaxMs: 500,

  /**
   * Clones, pushes and archives at once: of one repository, of one client, of one process, whose memory is some 30 MiB for each.
   * So many more may wait so long, for each of which no more is kept than what it asked for; then they are turned away.
   */
  heavyJobsPerRepositoryMax: 4,
  heavyJobsPerClientMax: 8,
  heavyJobsMax: 32,
  heavyJobsWaitingMax: 128,
  heavyJobWaitMs: 30_000,
  heavyJobRetryAfterMs: 10_000,
  /** Time without a byte from a git client after which its connection is closed. */
  gitIdleTimeoutMs: 60_000,
  /** Silence in mid-push after which the parser is asked whether the pack is over: the client may wait for us. */
  packSilenceMs: 10,
  /** Unit in which packs are read and cached for pages and fetches. */
  packBlockBytes: 512 * KIB,
  /** Caches of one process: blocks of packs, indexes and summaries, inflated objects. */
  packBlocksCacheMaxBytes: 64 * MIB,
  packTablesCacheMaxBytes: 256 * MIB,
  objectCacheMaxBytes: 32 * MIB,
  /** Deltas of shallow and partial fetches that were written whole since their bases are not sent. */
  wholeEntriesCacheMaxBytes: 64 * MIB,
  /** Refs and pack rows that stay in memory, of all repositories together. */
  cachedRefsMax: 500_000,
  /** Objects of the repositories whose indexes and summaries stay loaded, about 40 bytes each. */
  openObjectsMax: 8_000_000,
  /** Filters in the filter of one partial fetch, and combinations within combinations: git's clients combine a handful, one level deep. */
  filtersCombinedMax: 64,
  filterNestingMax: 8,
  /** Trees that one partial fetch may look at, each as often as it stands at another path: larger than any history that is kept here. */
  filterTreesMax: 5_000_000,
  /** Size of a blob with sparse-checkout patterns, and how many patterns it may have: each is tried on each path. */
  sparsePatternsMaxBytes: 64 * KIB,
  sparsePatternsMax: 500,
  sparsePatternStarsMax: 8,
  /** Characters of a name such as `main~3:path`, by which a client may name that blob: longer than any path on disk. */
  objectNameMaxLength: 4_096,
  /** Objects of the answers to fetches that stay chosen, of all repositories, about 40 bytes each. */
  packChoicesMaxObjects: 2_000_000,
  /** Commits to send from which on their histories are read by threads and kept; fewer are walked on the main thread, in milliseconds. */
  historyCommitsMin: 512,
  /** Commits, and trees asked for by id, whose trees are walked on the main thread, and inflated trees of such a walk. */
  walkedCommitsMax: 64,
  walkTreesMaxBytes: 8 * MIB,
  /** Entries of one such history, at 5 bytes; git.git has 340,000. */
  historyEntriesMax: 16_000_000,
  /** Histories that are kept, of all repositories. */
  historiesMaxBytes: 128 * MIB,
  /** Of a thread while it reads one: inflated trees, and blocks of packs. */
  historyTreesMaxBytes: 32 * MIB,
  historyBlocksMaxBytes: 32 * MIB,
  historyThreadsMax: 2,
  /** Of its heap, in mebibytes, what is for objects that die young, as nearly all do: what Node would take is ten times as much and no faster. */
  historyThreadYoungMib: 12,
  /** Commits for which a further thread is worth its memory. */
  historyShareCommits: 20_000,
  /** A thread without work ends after this, and gives its memory back. */
  historyThreadIdleMs: 10_000,
  /** Commits that stay in memory as graphs, about 100 bytes each. */
  cachedCommitsMax: 2_000_000,
  cachedObjectMaxBytes: 4 * MIB,
  /** Objects beyond this size are inflated piece by piece when they are streamed. */
  objectStreamMinBytes: 4 * MIB,

  /** Repositories from this size on are offered as a bundle; below it a clone is as fast. */
  bundleMinBytes: 64 * MIB,
  /** A bundle is made anew when the repository has grown by this share since. */
  bundleGrowthMin: 0.25,
  /** A bundle that is not whole after that time is one whose maker died. */
  bundleMakingMaxMs: 6 * 3_600_000,
  /** Refs of one bundle; repositories with more are not offered as one. */
  bundleRefsMax: 100_000,
  /** Packs from this size on are worth a download of their own, and so many for one fetch. */
  packfileUriMinBytes: 1 * MIB,
  packfileUrisMax: 16,
  /** An address of a stored pack or bundle holds so long: time to begin the download, which may take longer. */
  storedFileAddressLifetimeMs: 3_600_000,

  /** Lease of a pending pack; its writer renews it at a third of that. */
  packLeaseMs: 120_000,
  /** A retired pack stays in storage this long for the readers that still hold it. */
  packRetiredGraceMs: 24 * 3_600_000,

  /** Lines of the list of pushes that are read at once, and looked at for one page, which ends early where most are hidden or of another kind. */
  pushLogBatch: 200,
  pushLogLinesMax: 10_000,
  /** A JSON or form body of the REST API and the pages. */
  apiBodyMaxBytes: 1 * MIB,
  /** Time in which such a body has to arrive: a mebibyte at 35 KB/s. */
  apiBodyTimeoutMs: 30_000,
  /** Files that a page shows as text, highlights, renders as Markdown. */
  blobPageMaxBytes: 1 * MIB,
  highlightMaxBytes: 512 * KIB,
  markdownMaxBytes: 512 * KIB,
  /** A longer line is not highlighted, nor the rest of one that takes longer: minified code is nobody's reading. */
  highlightLineMaxLength: 2_000,
  highlightLineMaxMs: 200,
  /** Rendering of one text, after which it is shown plain, and the part of it that a page waits for; what waits beyond the queue is shown plain at once. */
  textJobTimeoutMs: 3_000,
  highlightWaitMs: 150,
  textQueueMax: 64,
  textWorkersMax: 2,
  textWorkerMaxMib: 384,
  /** Rendered texts kept in memory. */
  textCacheMaxBytes: 32 * MIB,
  /** Entries of folders whose last commit is kept in memory, at some 200 bytes each. */
  folderChangesMax: 100_000,
  /** A commit page: files listed, lines of diff shown in all. */
  diffFilesMax: 300,
  diffLinesMax: 20_000,
  /** Comparing two texts: pairs up to this size on the main thread, some 5 ms at worst; others in threads, for so long. */
  patchInlineMaxBytes: 32 * KIB,
  patchTimeoutMs: 1_000,
  patchQueueMax: 256,
  patchWorkersMax: 2,
  patchWorkerMaxMib: 384,
  /** Rows of a directory page. */
  treePageEntriesMax: 2_000,
  /** Commits of one page of history, and commits looked at for it when it is that of a path: the page ends early then. */
  historyPageCommits: 35,
  pathHistoryCommitsMax: 20_000,
  pathHistoryMaxMs: 600,
  /** Time that a walk through history takes before it lets other requests have a turn. */
  walkSliceMs: 8,
  /** Entries of trees that such walks found and that are kept for the next, at some 150 bytes each. */
  pathEntriesMax: 200_000,
  /** Time spent on finding the last commit of each row of a directory page; the next request goes on from there. */
  lastCommitMaxMs: 30,
  /** Branches or tags of one page. */
  refPageCount: 50,

  /** Connections of one process to Postgres, for tagged SQL and for drizzle: ten processes fit the server's default of 100. */
  databaseSqlConnectionsMax: 7,
  databaseOrmConnectionsMax: 2,
  /** How long a stop waits for running queries. */
  databaseCloseTimeoutMs: 5_000,

  /** A password, in characters and in UTF-8 bytes: argon2 reads all of it, so a long one is work for the server. */
  passwordMinCharacters: 8,
  passwordMaxBytes: 1 * KIB,
  /** A token chosen by an administrator instead of generated. */
  chosenTokenMinCharacters: 20,
  chosenTokenMaxBytes: 256,
  /** Tokens of one user. */
  accessTokensMax: 1_000,
  /** Connections to git over SSH: in all, from one caller, and in all that have not proven who they are. */
  sshConnectionsMax: 1_000,
  sshConnectionsPerCallerMax: 100,
  sshUnprovenConnectionsMax: 200,
  /** Time from connecting to having proven who one is, and the keys that may be offered or used meanwhile: agents hold many. */
  sshLoginTimeoutMs: 30_000,
  sshLoginAttemptsMax: 20,
  /** Commands that run at once on a connection: what `ControlMaster` of OpenSSH allows by default. */
  sshChannelsMax: 10,
  /** A command line; paths have some 150 bytes. */
  sshCommandMaxBytes: 4 * KIB,
  /** Silence after which the client is asked whether it is there, and unanswered questions after which it is not. */
  sshKeepaliveMs: 15_000,
  sshKeepalivesMax: 3,
  /** Time without a byte from a client that is there, while a command waits for one: packing a large push takes minutes. */
  sshInputIdleTimeoutMs: 15 * 60_000,
  /** Time without a command on a connection, such as one that is shared by later commands. */
  sshIdleTimeoutMs: 10 * 60_000,
  /** What a client may have sent that a command has not read: twice the window of ssh2, which opens it again a window too early, and some more. */
  sshUnreadMaxBytes: 5 * MIB,
  /** A piece of an answer, and what may wait in the socket before the next: a client that does not read holds no more. */
  sshPieceBytes: 32 * KIB,
  sshSocketBacklogBytes: 256 * KIB,

  /** SSH keys of one user, and deploy keys of one repository: GitHub's pages become useless before that. */
  userSshKeysMax: 100,
  deployKeysMax: 100,
  /** A public key as it is pasted; one of RSA with 16,384 bits has 2.8 KiB. */
  sshKeyMaxBytes: 8 * KIB,
  sshKeyTitleMaxCharacters: 255,
  /** Wrong passwords from one client address, and for one account from anywhere, until the window ends. */
  signInFailuresPerAddressMax: 20,
  signInFailuresPerAccountMax: 50,
  signInWindowMs: 15 * 60_000,
  /** New accounts from one client address where sign-up is open. */
  signUpsPerAddressMax: 10,
  signUpWindowMs: 3_600_000,
  /** A session ends this long after its last use; use renews it once half of that has passed. */
  sessionLifetimeDays: 30,
  /** A session is read from the cache for this long before the database is asked again. */
  sessionCacheMs: 60_000,
  /** A token for LFS transfers. Its holder's rights are asked again at each use. */
  lfsTokenLifetimeMs: 3_600_000,
  /** The time of a token's last use is exact to this. */
  tokenLastUsedStepMs: 60_000,

  /** Names and texts, in characters: GitHub's bounds. */
  loginMaxCharacters: 39,
  displayNameMaxCharacters: 255,
  emailMaxCharacters: 254,
  repositoryNameMaxCharacters: 100,
  repositoryDescriptionMaxCharacters: 350,
  homepageMaxCharacters: 255,
  accountDescriptionMaxCharacters: 160,
  tokenNoteMaxCharacters: 255,
} as const;
