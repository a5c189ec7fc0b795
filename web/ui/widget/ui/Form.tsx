// Several answers at once: fields under the question, as the browser knows them; what is wrong stands at its field.

import { useEffect, useRef } from "preact/hooks";
import type { FormField } from "../protocol";
import { useBox } from "./context";

/** By a field's name what was typed and not sent yet: it goes along when the form is put again. */
let typed: Record<string, string> = {};

interface Props {
  fields: readonly FormField[];
  /** Of the message that asks. */
  seq: number;
}

export function Form({ fields, seq }: Props) {
  const { chat, say } = useBox();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus(), []);
  const send = (event: SubmitEvent): void => {
    event.preventDefault();
    const told = new FormData(event.currentTarget as HTMLFormElement);
    const lines = fields.map((field) => `${field.label}: ${told.get(field.name)}`);
    chat.say(lines.join("\n"), []);
    typed = {};
  };
  const keep = ({ target }: Event): void => {
    const { name, value } = target as HTMLInputElement;
    typed[name] = value;
  };
  return (
    <form class="form" ref={form} onSubmit={send} onInput={keep}>
      {fields.map((field) => (
        <Line key={field.name} field={field} id={`${seq}-${field.name}`} />
      ))}
      <button class="chip primary">{say("send")}</button>
    </form>
  );
}

function Line({ field, id }: { field: FormField; id: string }) {
  const { name, required, problem, options } = field;
  const value = typed[name] ?? field.value;
  const told = { id, name, required, autocomplete: field.fills, "aria-invalid": problem !== "", "aria-describedby": `${id}?` };
  return (
    <div>
      <label for={id}>{field.label}</label>
      {options.length > 0 ? (
        <select {...told}>
          {["", ...options].map((option) => (
            <option key={option} selected={option === value}>
              {option}
            </option>
          ))}
        </select>
      ) : (
        <input {...told} type={field.fills === "tel" ? "tel" : "text"} dir="auto" defaultValue={value} placeholder={field.example} />
      )}
      <p class="problem" id={`${id}?`}>
        {problem}
      </p>
    </div>
  );
}
