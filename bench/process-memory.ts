/** The resident memory of a process, as Linux counts it — proc(5), "/proc/pid/status". */
import { readFileSync, writeFileSync } from 'node:fs';

const MIB_PER_KIB = 1 / 1_024;

export interface MemoryUse {
  readonly beforeMib: number;
  readonly peakMib: number;
}

/** Runs some work and says what it did to another process's memory. Undefined where there is no /proc. */
export async function watchMemory(processId: number, work: () => Promise<unknown>): Promise<MemoryUse | undefined> {
  const beforeMib = readStatus(processId, 'VmRSS');
  // "5" sets the peak back to what is resident now.
  if (beforeMib !== undefined) writeFileSync(`/proc/${processId}/clear_refs`, '5');
  await work();
  const peakMib = readStatus(processId, 'VmHWM');
  return beforeMib === undefined || peakMib === undefined ? undefined : { beforeMib, peakMib };
}

function readStatus(processId: number, field: 'VmRSS' | 'VmHWM'): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  const kibibytes = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1];
  return kibibytes === undefined ? undefined : Number(kibibytes) * MIB_PER_KIB;
}
