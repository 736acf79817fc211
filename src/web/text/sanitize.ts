/**
 * The allow-list for HTML that users wrote. What is not named here is dropped: elements that run, embed, style or submit,
 * foreign content (SVG, MathML) in which the rules of parsing change, event handlers, inline styles, `name`, and every
 * URL scheme but http, https and mailto.
 */
import sanitizeHtml from 'sanitize-html';
import { type SafeHtml, trustHtml } from './escape.ts';
import {
  isExternal,
  type MarkdownBase,
  resolveImage,
  resolveImageSet,
  resolveLink,
  USER_ID_PREFIX,
} from './markdown-links.ts';
import { TOKEN_CLASS_NAMES } from './token-class.ts';

const TEXT_TAGS =
  'a abbr b bdi bdo br cite code del dfn em i ins kbd mark q s samp small span strike strong sub sup tt u var wbr';
const BLOCK_TAGS =
  'blockquote center dd details div dl dt figcaption figure h1 h2 h3 h4 h5 h6 hr li ol p pre section summary ul';
const TABLE_TAGS = 'caption col colgroup table tbody td tfoot th thead tr';
const MEDIA_TAGS = 'img picture source';
const ALIGNED_TAGS = 'div h1 h2 h3 h4 h5 h6 img p table td th tr'.split(' ');
/** Deeper nesting is flattened: browsers slow down on it, and no document needs it. */
const NESTING_MAX = 64;

const ALLOWED_TAGS = [TEXT_TAGS, BLOCK_TAGS, TABLE_TAGS, MEDIA_TAGS, 'input'].join(' ').split(' ');

const ALLOWED_ATTRIBUTES: Record<string, string[]> = {
  '*': ['id', 'title', 'lang', 'dir'],
  a: ['href', 'rel'],
  img: ['src', 'srcset', 'alt', 'width', 'height', 'loading', 'referrerpolicy'],
  source: ['srcset', 'media', 'sizes'],
  input: ['type', 'checked', 'disabled', 'aria-label'],
  details: ['open'],
  ol: ['start', 'reversed', 'type'],
  td: ['colspan', 'rowspan'],
  th: ['colspan', 'rowspan', 'scope'],
};
for (const tag of ALIGNED_TAGS) ALLOWED_ATTRIBUTES[tag] = [...(ALLOWED_ATTRIBUTES[tag] ?? []), 'align'];

const ALLOWED_CLASSES: Record<string, string[]> = {
  blockquote: ['alert', 'alert-note', 'alert-tip', 'alert-important', 'alert-warning', 'alert-caution'],
  p: ['alert-body'],
  li: ['task'],
  section: ['footnotes'],
  i: [...TOKEN_CLASS_NAMES],
  span: ['hidden-character'],
};

type Attributes = sanitizeHtml.Attributes;

/** @param base where relative links lead; without it they are dropped */
export function sanitizeMarkup(html: string, base: MarkdownBase | undefined): SafeHtml {
  return trustHtml(
    sanitizeHtml(html, {
      allowedTags: ALLOWED_TAGS,
      allowedAttributes: ALLOWED_ATTRIBUTES,
      allowedClasses: ALLOWED_CLASSES,
      allowedSchemes: ['http', 'https', 'mailto'],
      allowedSchemesByTag: { img: ['http', 'https'], source: ['http', 'https'] },
      allowProtocolRelative: false,
      disallowedTagsMode: 'discard',
      nestingLimit: NESTING_MAX,
      enforceHtmlBoundary: false,
      transformTags: {
        '*': (tagName, attributes) => ({ tagName, attribs: prefixId(attributes) }),
        a: (tagName, attributes) => ({ tagName, attribs: prefixId(rewriteLink(attributes, base)) }),
        img: (tagName, attributes) => ({ tagName, attribs: prefixId(rewriteImage(attributes, base)) }),
        source: (tagName, attributes) => ({ tagName, attribs: rewriteImageSet(attributes, base) }),
        input: (tagName, attributes) => ({ tagName, attribs: taskBox(attributes) }),
      },
    }),
  );
}

function prefixId(attributes: Attributes): Attributes {
  const id = attributes['id'];
  return id === undefined ? attributes : { ...attributes, id: `${USER_ID_PREFIX}${id.replace(/^user-content-/, '')}` };
}

function rewriteLink(attributes: Attributes, base: MarkdownBase | undefined): Attributes {
  const { href, rel: _rel, ...others } = attributes;
  // `<a name>` is how anchors were set before ids.
  if (href === undefined)
    return (others['id'] ?? others['name']) ? { ...others, id: others['id'] ?? others['name'] ?? '' } : others;
  const link = resolveLink(href, base);
  if (link === undefined) return others;
  return isExternal(link) ? { ...others, href: link, rel: 'nofollow noopener' } : { ...others, href: link };
}

function rewriteImage(attributes: Attributes, base: MarkdownBase | undefined): Attributes {
  const { src, srcset, ...others } = attributes;
  const source = src === undefined ? undefined : resolveImage(src, base);
  const sourceSet = srcset === undefined ? undefined : resolveImageSet(srcset, base);
  return {
    ...others,
    alt: others['alt'] ?? '',
    loading: 'lazy',
    referrerpolicy: 'no-referrer',
    ...(source === undefined ? {} : { src: source }),
    ...(sourceSet === undefined ? {} : { srcset: sourceSet }),
  };
}

function rewriteImageSet(attributes: Attributes, base: MarkdownBase | undefined): Attributes {
  const { srcset, ...others } = attributes;
  const sourceSet = srcset === undefined ? undefined : resolveImageSet(srcset, base);
  return sourceSet === undefined ? others : { ...others, srcset: sourceSet };
}

/** Whatever input a document asks for becomes the box of a task list, which nobody can tick. */
function taskBox(attributes: Attributes): Attributes {
  const checked = attributes['checked'] !== undefined;
  return {
    type: 'checkbox',
    disabled: '',
    'aria-label': checked ? 'Done' : 'To do',
    ...(checked ? { checked: '' } : {}),
  };
}
