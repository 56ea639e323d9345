/** Which counters the old URLs of dwyl/hits name. */
import { expect, test } from 'bun:test';
import { counterInDwylUrl } from '../../../src/services/dwyl.ts';

test('an old URL names the counter of its user and repository', () => {
  for (const [path, name] of [
    ['/octocat/hello.svg?style=flat-square', 'dwyl/octocat..hello'],
    ['/octocat/hello.json', 'dwyl/octocat..hello'],
    ['/octocat/hello.html', 'dwyl/octocat..hello'],
    ['/octocat/hello', 'dwyl/octocat..hello'],
    ['/octocat/octocat/hello.svg', 'dwyl/octocat..hello'],
    ['/Octocat/Hello_World.js.svg', 'dwyl/Octocat..Hello_World.js'],
    ['/octocat/octocat/hello', undefined],
    ['/error/octocat/hello.svg', undefined],
    ['/-octocat/hello.svg', undefined],
    ['/octocat/%7Bproject%7D.svg', undefined],
    ['/octocat/.svg', undefined],
    ['/octocat', undefined],
    ['/', undefined],
  ] as const)
    expect({ path, name: counterInDwylUrl(new URL(path, 'https://hits.dwyl.com')) }).toEqual({
      path,
      name,
    });
});
