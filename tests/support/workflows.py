# SPDX-License-Identifier: MIT
"""What a workflow of a CI service has a shell do."""


def commands(service, workflow):
    """What each step of a workflow, as read from YAML, gives to a shell."""
    if service == "github":
        return [step["run"] for step in workflow["jobs"]["boards"]["steps"] if "run" in step]
    if service == "gitlab":
        return workflow["boards"]["before_script"] + workflow["boards"]["script"]
    return workflow["steps"][0]["commands"]
