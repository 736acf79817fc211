/** All fuzzers by name. */
import type { FuzzTarget } from './fuzz-target.ts';
import { openArchiveFuzzer } from './target/archive.ts';
import { openGitDoorFuzzer } from './target/git-door.ts';
import { openLfsFuzzer } from './target/lfs-http.ts';
import { openDeltaFuzzer, openObjectFuzzer } from './target/object.ts';
import { openPackFuzzer, openPackTablesFuzzer } from './target/pack.ts';
import { openPatternFuzzer } from './target/pattern.ts';
import { openReceivePackFuzzer } from './target/receive-pack.ts';
import { openRestFuzzer } from './target/rest.ts';
import { openSignedAddressFuzzer } from './target/signed-address.ts';
import { openSshSessionFuzzer } from './target/ssh-session.ts';
import {
  openFilterFuzzer,
  openHeaderFuzzer,
  openPktLineFuzzer,
  openRefNameFuzzer,
  openSshCommandFuzzer,
} from './target/text.ts';
import { openUploadPackFuzzer } from './target/upload-pack.ts';

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  { name: 'pack', open: openPackFuzzer },
  { name: 'pack-tables', open: openPackTablesFuzzer },
  { name: 'object', open: openObjectFuzzer },
  { name: 'delta', open: openDeltaFuzzer },
  { name: 'pkt-line', open: openPktLineFuzzer },
  { name: 'ref-name', open: openRefNameFuzzer },
  { name: 'header', open: openHeaderFuzzer },
  { name: 'ssh-command', open: openSshCommandFuzzer },
  { name: 'filter', open: openFilterFuzzer },
  { name: 'pattern', open: openPatternFuzzer },
  { name: 'upload-pack', open: openUploadPackFuzzer },
  { name: 'receive-pack', open: openReceivePackFuzzer },
  { name: 'archive', open: openArchiveFuzzer },
  { name: 'git-door', open: openGitDoorFuzzer },
  { name: 'signed-address', open: openSignedAddressFuzzer },
  { name: 'rest', open: openRestFuzzer },
  { name: 'lfs', open: openLfsFuzzer },
  { name: 'ssh-session', open: openSshSessionFuzzer },
];
