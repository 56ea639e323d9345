/** The image: the recipe is read, and built for this machine where there is a Docker engine. */
import { command, mustExist } from './command.ts';
import { StepError, StepSkipped } from './step.ts';

const RECIPE = 'docker-bake.hcl';
const TAG = 'seen-release-check';

/**
 * Builds the image and starts it. Returns a sentence; fails with `StepError`, and with
 * `StepSkipped` when no Docker engine with buildx answers.
 */
export async function checkImage(version: string): Promise<string> {
  mustExist(RECIPE);
  const answers = async (words: string) =>
    Bun.which('docker') !== null &&
    (await Bun.$`docker ${words}`.quiet().nothrow()).exitCode === 0;
  if (!(await answers('info')) || !(await answers('buildx')))
    throw new StepSkipped(
      'no Docker engine with buildx answers here; the release workflow has one',
    );
  await command(['docker', 'buildx', 'bake', '--file', RECIPE, '--print'], {
    advice: `Correct ${RECIPE}.`,
  });
  await command(['docker', 'build', '--tag', TAG, '--build-arg', `VERSION=${version}`, '.'], {
    advice: 'Run it yourself to see all of its output: docker build .',
  });
  try {
    const said = await command(['docker', 'run', '--rm', TAG, '--version'], {
      advice: 'The entry point of the image is in the Dockerfile.',
    });
    if (said.startsWith(`seen ${version} `)) return `builds, starts and reports ${version}`;
    throw new StepError(
      `the image says “${said.trim()}”, not seen ${version}`,
      'The Dockerfile writes the argument VERSION into package.json before it builds.',
    );
  } finally {
    await command(['docker', 'image', 'rm', TAG], { advice: `Remove the image ${TAG}.` });
  }
}
