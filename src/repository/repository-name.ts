/** Which names a repository may have, and which texts describe one. */
import { limits } from '#limits.ts';

/** @returns what is wrong with the name, for people; undefined when it may be used */
export function findRepositoryNameFault(name: string): string | undefined {
  if (name === '') return 'A repository needs a name.';
  if (name.length > limits.repositoryNameMaxCharacters) {
    return `A repository's name has at most ${limits.repositoryNameMaxCharacters} characters.`;
  }
  if (!/^[A-Za-z0-9._-]+$/.test(name)) {
    return "A repository's name is made of letters, digits, dots, hyphens and underscores.";
  }
  if (name === '.' || name === '..') return `A repository cannot be called "${name}".`;
  // The address of the repository itself ends so.
  if (/\.git$/i.test(name)) return "A repository's name cannot end in .git.";
  return undefined;
}

/** @returns what is wrong with the description, for people */
export function findDescriptionFault(description: string): string | undefined {
  if ([...description].length > limits.repositoryDescriptionMaxCharacters) {
    return `A description has at most ${limits.repositoryDescriptionMaxCharacters} characters.`;
  }
  if (/\p{Cc}/u.test(description)) return 'A description is a single line of text without control characters.';
  return undefined;
}

/** @returns what is wrong with the home page's address, for people. It becomes a link, so only the web's schemes will do */
export function findHomepageFault(homepage: string): string | undefined {
  const url = URL.parse(homepage);
  const isWebAddress = url !== null && /^https?:$/.test(url.protocol) && !/[\p{Cc}\s]/u.test(homepage);
  if (homepage.length > limits.homepageMaxCharacters || !isWebAddress) {
    return `A home page is an http or https address of at most ${limits.homepageMaxCharacters} characters.`;
  }
  return undefined;
}
