// The four questions: names become chips as they are typed.
import { startChips } from "./chips.js";

const form = document.querySelector("form.card");
if (form) startChips(form);
