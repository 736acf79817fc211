/** Times as the API writes them: `2026-11-24T21:05:00Z`, whole seconds in UTC. */
import { z } from 'zod';

export const timestampSchema = z.string().meta({ format: 'date-time' });

export function timestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function timestampOrNull(date: Date | undefined): string | null {
  return date ? timestamp(date) : null;
}

/** @param seconds since 1970; what no calendar holds becomes the first second of it */
export function timestampOfSeconds(seconds: number): string {
  const date = new Date(seconds * 1000);
  return timestamp(Number.isNaN(date.getTime()) ? new Date(0) : date);
}
