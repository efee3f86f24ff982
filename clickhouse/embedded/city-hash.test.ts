import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cityHash128 } from './city-hash.ts';

// Values of github.com/go-faster/city, CH128: length of a text whose byte i is 7 i + length, low and high word.
const cases: [length: number, low: string, high: string][] = [
  [0, '3df09dfc64c09a2b', '3cb540c392e51e29'],
  [1, '5a03ab4f802b3f6c', '58a88a3c8a31e91a'],
  [3, '3108fa6b1da16986', '32301bf0c250612d'],
  [4, '2b36229ba99aa334', '25e1c052f6408d75'],
  [7, '4d6955e1bc4624e3', '252e8c015f4c9bd0'],
  [8, '9feb346ce8e35a98', 'f2f9f1185545d8ba'],
  [9, '80885008a99d77f2', '0854364fe84aef88'],
  [15, '1443b6470aa1c7ff', '70f998835a684c59'],
  [16, '4e7e2890890c933d', '9b6511d6440477c7'],
  [17, 'f0e9ed04b1c7f44e', '8a17c6d04d5431ae'],
  [24, '3a34086b235ecfbb', '0cb65080ace6058f'],
  [25, '7396cd4ed292081b', 'd3383823f829f861'],
  [32, 'adf0df935f46a6c9', '45c6069d82f7b2fc'],
  [33, '8a065e613be6ff11', '35542546810ca846'],
  [47, 'f20d8f7a15557279', 'c592229ea241dd74'],
  [100, 'ced681c78ad6c6cf', '8522ef787e570a9c'],
  [143, '2306b4d414b0d326', 'e980bd41eb516895'],
  [144, '9ba176029dbc7f22', 'a99caea46164a108'],
  [145, '594221bdaeb6df1a', '9eb4a68bece02725'],
  [160, '8d2443f7aca2006d', 'cb91be098bba4d35'],
  [175, '46436148dab729cd', '91164962bd2c69ec'],
  [176, '6e705dc8e6483661', 'e684198697a28e51'],
  [200, 'af07d3bba57a0d5b', '0981ef4f519d4454'],
  [255, '32b46037f4fa27ea', '0da1aa5956d29bae'],
  [256, 'eae169bbd0ef6f45', 'd4401532927cd83f'],
  [257, '6f8a8a0f302bd6a0', 'dd9b512c490a6208'],
  [272, '48b20684ded03309', '10163f6def1291c2'],
  [300, '3c9b61da9a18081c', 'f9d9975c31955c7b'],
  [1000, '99dd0d90658d4424', '70f54ed52c308cc0'],
  [70000, '6dc68f5c5115b27a', 'bb0131cf5ccd784f'],
];

for (const [length, low, high] of cases) {
  test(`hashes ${length} bytes as ClickHouse does`, () => {
    const bytes = Buffer.alloc(length);
    for (let i = 0; i < length; i++) bytes[i] = i * 7 + length;
    assert.deepEqual(cityHash128(bytes), [BigInt(`0x${low}`), BigInt(`0x${high}`)]);
  });
}
