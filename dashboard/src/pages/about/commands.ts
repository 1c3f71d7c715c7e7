/** The API's main routes as commands for a shell, as the README has them. */

export interface CommandGroup {
  readonly title: string;
  readonly text: string;
}

/** @param server the board's address, without a slash at its end. */
export function apiCommands(server: string): readonly CommandGroup[] {
  return [
    {
      title: "Read",
      text: [
        `API=${server}/api/v1`,
        "curl $API/boards",
        'curl "$API/boards/SUITE?sort=fisher-trace&limit=10"           # rows; format=csv for all of them',
        "curl $API/checkpoints/CHECKPOINT                             # its card, and its row on each board",
        "curl $API/checkpoints/CHECKPOINT/results/SUITE               # everything, with the receipt",
      ].join("\n"),
    },
    {
      title: "Upload",
      text: [
        "# The token in a file: others see what stands on a command line.",
        '(umask 077; read -rsp "Token: " TOKEN; echo "Authorization: Bearer $TOKEN" > plateau-auth)',
        "",
        "# Say what comes, send it in parts of 16 MiB (split -b 16M), complete it. The answers have the ids.",
        'curl -H @plateau-auth --json "{\\"file\\": \\"model.onnx\\", \\"bytes\\": $(wc -c < model.onnx)}" $API/checkpoints',
        "curl -H @plateau-auth -T model.onnx $API/checkpoints/CHECKPOINT/parts/1",
        "curl -H @plateau-auth -X POST $API/checkpoints/CHECKPOINT/complete",
      ].join("\n"),
    },
    {
      title: "Evaluate and follow",
      text: [
        `curl -H @plateau-auth --json '{"checkpoint": "CHECKPOINT", "suite": "SUITE"}' $API/evaluations`,
        "curl -N $API/evaluations/EVALUATION/events",
        "",
        "# Or evaluate without storing anything.",
        'curl -H @plateau-auth --data-binary @model.onnx "$API/evaluate?suite=SUITE"',
      ].join("\n"),
    },
  ];
}
