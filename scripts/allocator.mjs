/**
 * How glibc's allocator should behave under the server, read by it when a process starts. Left alone it gives each thread heaps of its own and learns to
 * keep large blocks, and a server that indexed a pack of 314 MiB twice while pages were read held 950 MB; with these it holds 540 MB, and is no slower.
 * Another libc takes no notice.
 */
export const allocatorSettings = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '262144' };
