// The welcome e-mail's two forms. They say the same things in the same order.

let welcomeText = """
    {{% CONTENT_TYPE:TEXT}}
    Dear {{clientName}},

    contract {{contract}} gives your AWS account {{account}} live access to data of
    {{providerName}}, from {{firstDay}} until {{lastDay}}{{renewal}}.
    Nothing is sent to you and nothing is copied: you query it where it is, with the
    AWS tools that you have.

    Funds: {{funds}}

    1. ENROL A MACHINE

    {{enroll}}

    Without that program, with Python and openssl:

    {{enrollWithPython}}

    The code works once, until {{codeExpires}}, and replaces any that you were sent
    before. The command makes a key that stays on your machine, and the AWS profile
    "{{profile}}", whose sessions last an hour. There is no password.

    2. QUERY
    {{#products}}
    {{#tables}}

    {{product}}: table {{table}} of {{database}}

    {{command}}

    For a first dashboard: {{fields}}.
    Columns: {{columns}}.
    {{/tables}}
    {{#price}}

    {{product}} costs {{price}}.
    {{/price}}
    {{/products}}

    Each command prints the id of its query. Its rows:

    aws athena get-query-results --profile {{profile}} --query-execution-id ID

    3. CONNECT A TOOL

    Whatever speaks to Amazon Athena does, given the profile "{{profile}}":
    region {{region}}, endpoint {{endpoint}}, results in {{results}}

    4. ASK

    {{contact}}

    """

let welcomeHTML = """
    <!DOCTYPE html>
    <html lang="en">
    <head><meta charset="utf-8"><title>Your data from {{providerName}}</title></head>
    <body style="font-family: sans-serif; max-width: 46em">
    <p>Dear {{clientName}},</p>
    <p>contract <b>{{contract}}</b> gives your AWS account {{account}} live access to data of
    {{providerName}}, from {{firstDay}} until {{lastDay}}{{renewal}}. Nothing is sent to you and
    nothing is copied: you query it where it is, with the AWS tools that you have.</p>
    <p>Funds: {{funds}}</p>
    <h2>1. Enrol a machine</h2>
    <pre>{{enroll}}</pre>
    <p>Without that program, with Python and openssl:</p>
    <pre>{{enrollWithPython}}</pre>
    <p>The code works once, until {{codeExpires}}, and replaces any that you were sent before. The
    command makes a key that stays on your machine, and the AWS profile <b>{{profile}}</b>, whose
    sessions last an hour. There is no password.</p>
    <h2>2. Query</h2>
    {{#products}}
    {{#tables}}
    <h3>{{product}}: table {{table}} of {{database}}</h3>
    <pre>{{command}}</pre>
    <p>For a first dashboard: {{fields}}.</p>
    <p>Columns: {{columns}}.</p>
    {{/tables}}
    {{#price}}
    <p>{{product}} costs {{price}}.</p>
    {{/price}}
    {{/products}}
    <p>Each command prints the id of its query. Its rows:</p>
    <pre>aws athena get-query-results --profile {{profile}} --query-execution-id ID</pre>
    <h2>3. Connect a tool</h2>
    <p>Whatever speaks to Amazon Athena does, given the profile <b>{{profile}}</b>: region
    {{region}}, endpoint {{endpoint}}, results in {{results}}</p>
    <h2>4. Ask</h2>
    <p>{{contact}}</p>
    </body>
    </html>

    """
