/** The processor on a file, by way of its library. `node bench/processor.ts <input> <output>` */
import { samplePipeline } from './sample-pipeline.ts';

const [input = '', output = ''] = process.argv.slice(2);
await samplePipeline(input, output).run();
