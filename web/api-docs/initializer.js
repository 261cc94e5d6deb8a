window.SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  // The default asks a validator on the internet about our schema.
  validatorUrl: null,
});
