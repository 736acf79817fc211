/** Room for heavy work, as tests want it. */
import { Admission, type AdmissionLimits } from '#repository/admission.ts';

const ROOM_FOR_ALL: AdmissionLimits = {
  perRepositoryMax: 1_000,
  perClientMax: 1_000,
  totalMax: 1_000,
  waitingMax: 1_000,
  waitMaxMs: 1_000,
  retryAfterMs: 10_000,
};

export function createTestAdmission(limits: Partial<AdmissionLimits> = {}): Admission {
  return new Admission({ ...ROOM_FOR_ALL, ...limits });
}
