import "./tokens.css";
import "./base.css";
import { mount } from "svelte";
import { config } from "zod";
import App from "./App.svelte";
import { router } from "./router/router.svelte.ts";

// The content security policy forbids compiling code, which zod would otherwise try.
config({ jitless: true });

router.start();
mount(App, { target: document.getElementById("app")! });
