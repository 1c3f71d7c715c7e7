/** Whether tests that take long and that shorter ones cover in part run as well: `PLATEAU_THOROUGH=1 npm test`. */
export const thorough = process.env["PLATEAU_THOROUGH"] === "1";
