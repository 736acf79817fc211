/** Says to people why a password cannot be chosen. */
import type { PasswordFault } from '#auth/password.ts';
import { limits } from '#limits.ts';

export function passwordFaultReason(fault: PasswordFault): string {
  switch (fault) {
    case 'too-short':
      return `A password has at least ${limits.passwordMinCharacters} characters.`;
    case 'too-long':
      return `A password has at most ${limits.passwordMaxBytes} bytes.`;
    case 'looks-like-token':
      return 'This has the form of an access token: choose something else as a password.';
  }
}
