import { z } from 'zod';
import { fileSchema } from './processor.ts';
import { settingDocs, type SettingDoc } from './setting.ts';

/** The schema as plain data: the part of JSON Schema that the configuration uses, with each key's documentation. */
export interface Outline extends Partial<SettingDoc> {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Outline>>;
  readonly required?: readonly string[];
  readonly items?: Outline;
  readonly additionalProperties?: Outline | false;
  readonly anyOf?: readonly Outline[];
  readonly oneOf?: readonly Outline[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly default?: unknown;
}

/** JSON Schema of the file, for editors that check YAML while it is written. */
export function configJsonSchema(): object {
  return jsonSchemaOf(fileSchema);
}

function jsonSchemaOf(schema: z.core.$ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, {
    metadata: settingDocs,
    io: 'input',
    unrepresentable: 'any',
    override({ zodSchema, jsonSchema }) {
      // JSON Schema has no maps; in the file a map is written as a mapping like any other.
      if (zodSchema instanceof z.ZodMap) {
        jsonSchema.type = 'object';
        jsonSchema.additionalProperties = jsonSchemaOf(zodSchema.valueType);
      }
    },
  });
}

/** The outline of the whole file. JSON Schema is the interface here, and the round trip makes it plain data. */
export const fileOutline: Outline = JSON.parse(JSON.stringify(configJsonSchema())) as Outline;

/** The outline of `processor`. */
export const processorOutline: Outline = fileOutline.properties?.['processor'] ?? {};

/** True for a section: a mapping with keys of its own. */
export function isSection(outline: Outline): boolean {
  return outline.properties !== undefined;
}

/** The outline one step further; undefined where the schema has nothing of that name. */
export function outlineBelow(outline: Outline, step: string | number): Outline | undefined {
  if (outline.oneOf !== undefined) return oneOutlineOf(outline.oneOf.map((branch) => outlineBelow(branch, step)));
  if (typeof step === 'number') return outline.items ?? branchOf(outline, 'array')?.items;
  if (outline.properties !== undefined) {
    return Object.hasOwn(outline.properties, step) ? outline.properties[step] : undefined;
  }
  const { additionalProperties } = outline;
  return additionalProperties === false ? undefined : additionalProperties;
}

/** What several variants of a section have under the same key: any of their constants, or the first variant's. */
function oneOutlineOf(found: readonly (Outline | undefined)[]): Outline | undefined {
  const outlines = found.filter((outline) => outline !== undefined);
  const [first] = outlines;
  if (outlines.length < 2 || !outlines.every((outline) => outline.const !== undefined)) return first;
  return { type: 'string', enum: outlines.map((outline) => outline.const) };
}

function branchOf(outline: Outline, type: string): Outline | undefined {
  return outline.anyOf?.find((branch) => branch.type === type);
}

/** A key that can be set: its path below the top of the file, and its outline. */
export interface Leaf {
  readonly path: readonly string[];
  readonly outline: Outline;
}

/** Every key that is not a section, in the order of the schema. */
export function leavesOf(outline: Outline = fileOutline, path: readonly string[] = []): readonly Leaf[] {
  if (outline.properties === undefined) return [{ path, outline }];
  return Object.entries(outline.properties).flatMap(([key, below]) => leavesOf(below, [...path, key]));
}
