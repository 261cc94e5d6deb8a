import type { Source, SourceField, SourceKinds } from "@baton/shared/knowledge";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { at } from "../../state/knowledge/route.ts";
import { goKnowledge } from "../../stores/place.ts";
import { knowledgeApi, wordsOf } from "../../stores/session.ts";
import { Problem } from "./parts.tsx";

interface SourceFormProps {
  kinds: SourceKinds;
  /** The source to change, or null for a new one. */
  source: Source | null;
  /** With the source as it is now, or null where nothing was done. */
  onDone: (saved: Source | null) => void;
}

/** Made from the fields that the kind of source names, so that a new kind needs no change here. */
export function SourceForm({ kinds, source, onDone }: SourceFormProps): VNode {
  const [kindName, setKind] = useState(source?.kind ?? kinds.kinds[0]?.name ?? "");
  const [name, setName] = useState(source?.name ?? "");
  const [options, setOptions] = useState<Record<string, string>>(source?.options ?? {});
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const kind = kinds.kinds.find((each) => each.name === kindName);
  if (!kind) return <p class="quiet">This kind of source is not known to this version of Baton.</p>;

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    const known = kind.fields.map(({ name: key }) => [key, options[key]?.trim()] as const);
    const given = Object.fromEntries(known.filter(([, value]) => value)) as Record<string, string>;
    try {
      const saved = source
        ? await knowledgeApi.changeSource(source.id, name.trim(), given)
        : await knowledgeApi.addSource(kindName, name.trim(), given);
      onDone(saved);
    } catch (refusal) {
      setProblem(wordsOf(refusal));
      setBusy(false);
    }
  };

  return (
    <form class="form" data-testid="source-form" onSubmit={(event) => void submit(event)}>
      {!source && (
        <fieldset class="kinds">
          <legend>What kind of source is it?</legend>
          {kinds.kinds.map((each) => (
            <label key={each.name} class="kind">
              <input
                type="radio"
                name="kind"
                value={each.name}
                checked={each.name === kindName}
                onChange={() => setKind(each.name)}
              />
              <span>{each.words}</span>
            </label>
          ))}
        </fieldset>
      )}
      <label class="field">
        <span>Name</span>
        <input
          class="input"
          name="name"
          value={name}
          required
          placeholder="Help center"
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      {kind.fields.map((field) => (
        <OptionField
          key={`${kind.name}.${field.name}`}
          field={field}
          value={options[field.name] ?? ""}
          isSet={Boolean(source?.secrets_set.includes(field.name))}
          onChange={(value) => setOptions({ ...options, [field.name]: value })}
        />
      ))}
      <Folders folders={kinds.folders} />
      <Problem words={problem} />
      <div class="form-actions">
        <button
          type="submit"
          class="button button-primary"
          data-testid="save-source"
          disabled={busy}
        >
          {source ? "Save" : "Add and sync"}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => (source ? onDone(null) : goKnowledge(at("sources")))}
        >
          Cancel
        </button>
      </div>
    </form>
  );
}

interface OptionFieldProps {
  field: SourceField;
  value: string;
  /** A secret that has a value, which is never shown. */
  isSet: boolean;
  onChange: (value: string) => void;
}

function OptionField(props: OptionFieldProps): VNode {
  const { field } = props;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is made by a function below
    <label class="field">
      <span>
        {field.words}
        {!field.required && <small> optional</small>}
      </span>
      {field.choices.length > 0 ? select(props) : text(props)}
      {field.hint && <small class="field-hint">{field.hint}</small>}
    </label>
  );
}

function select({ field, value, onChange }: OptionFieldProps): VNode {
  return (
    <select
      class="input"
      name={field.name}
      value={value}
      required={field.required}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{field.required ? "Choose one" : "As it comes"}</option>
      {field.choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}

function text({ field, value, isSet, onChange }: OptionFieldProps): VNode {
  const shared = {
    class: "input",
    name: field.name,
    value,
    required: field.required && !isSet,
    onInput: (event: { currentTarget: HTMLInputElement }) => onChange(event.currentTarget.value),
  };
  if (!field.secret) return <input type="text" autocomplete="off" spellcheck={false} {...shared} />;
  const kept = isSet ? "Set; leave empty to keep it" : undefined;
  return <input type="password" autocomplete="new-password" placeholder={kept} {...shared} />;
}

function Folders({ folders }: { folders: string[] }): VNode {
  if (folders.length === 0)
    return (
      <p class="quiet">
        Folders and files on the server: whoever runs Baton has not allowed any yet (setting{" "}
        <code>BATON_SOURCE_DIRS</code>). Web addresses work without it.
      </p>
    );
  return (
    <p class="quiet">
      Folders and files on the server may be read below{" "}
      {folders.map((folder, i) => (
        <>
          {i > 0 && ", "}
          <code key={folder}>{folder}</code>
        </>
      ))}
      .
    </p>
  );
}
