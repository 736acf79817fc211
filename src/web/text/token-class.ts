/** The kinds of tokens that source text is coloured by. `styles/code.css` gives each class its colour. */

/** Class of a token and the TextMate scopes that get it. Later rules win over earlier ones of the same depth. */
export const TOKEN_CLASSES: readonly (readonly [className: string, scopes: readonly string[]])[] = [
  [
    'hv',
    ['variable.parameter', 'entity.other.attribute-name', 'meta.object-literal.key', 'support.type.property-name'],
  ],
  ['hp', ['punctuation.definition.tag', 'punctuation.separator', 'punctuation.terminator', 'meta.brace']],
  [
    'hk',
    ['keyword', 'storage', 'entity.name.tag', 'punctuation.definition.template-expression', 'markup.list punctuation'],
  ],
  [
    'ht',
    [
      'entity.name.type',
      'entity.name.class',
      'support.type',
      'support.class',
      'entity.name.namespace',
      'storage.type.c',
    ],
  ],
  ['hf', ['entity.name.function', 'support.function', 'meta.function-call entity.name', 'variable.function']],
  ['hn', ['constant', 'variable.language', 'support.constant', 'keyword.other.unit']],
  [
    'hs',
    ['string', 'punctuation.definition.string', 'markup.inline.raw', 'markup.fenced_code', 'markup.underline.link'],
  ],
  ['hr', ['string.regexp', 'constant.character.escape', 'constant.other.placeholder']],
  ['hc', ['comment', 'punctuation.definition.comment', 'markup.quote']],
  ['hh', ['markup.heading', 'entity.name.section', 'markup.bold']],
  ['hi', ['markup.inserted', 'punctuation.definition.inserted']],
  ['hd', ['markup.deleted', 'punctuation.definition.deleted']],
];

export const TOKEN_CLASS_NAMES: readonly string[] = TOKEN_CLASSES.map(([className]) => className);
