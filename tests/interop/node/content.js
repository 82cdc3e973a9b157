'use strict';
// Content encodings as docs/reference/wire.md describes them: compression, then AES-256-GCM.

const { createCipheriv, createDecipheriv, randomBytes } = require('node:crypto');
const zlib = require('node:zlib');

/** What a sealed body is bound to: each field as its length in 4 bytes, big end first, and its UTF-8 bytes. */
function associatedData(...fields) {
  return Buffer.concat(fields.flatMap((field) => {
    const bytes = Buffer.from(field ?? '', 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  }));
}

/** Seals a body: version, nonce, ciphertext, tag. */
function seal(body, key, contentType, contentEncoding) {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key.bytes, nonce);
  cipher.setAAD(associatedData(contentType, contentEncoding, key.id));
  return Buffer.concat([Buffer.of(1), nonce, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
}

function open(body, key, contentType, contentEncoding) {
  if (body[0] !== 1) throw new Error(`Layout version ${body[0]}; expected 1`);
  const cipher = createDecipheriv('aes-256-gcm', key.bytes, body.subarray(1, 13));
  cipher.setAAD(associatedData(contentType, contentEncoding, key.id));
  cipher.setAuthTag(body.subarray(-16));
  return Buffer.concat([cipher.update(body.subarray(13, -16)), cipher.final()]);
}

const decoders = {
  gzip: (body) => zlib.gunzipSync(body),
  br: (body) => zlib.brotliDecompressSync(body),
  aes256gcm: (body, key, { contentType, contentEncoding, headers }) => {
    if (headers['x-warren-key-id'] !== key?.id) throw new Error(`Key ${headers['x-warren-key-id']}; expected ${key?.id}`);
    return open(body, key, contentType, contentEncoding);
  },
};

/** Undoes what content_encoding lists, the last first. */
function decode(body, key, properties) {
  const tokens = properties.contentEncoding?.split(',').map((token) => token.trim()) ?? [];
  return tokens.reverse().reduce((bytes, token) => decoders[token](bytes, key, properties), body);
}

module.exports = { decode, seal };
