"""The server: who may reach it, and the ways in for other programs (Gradio API, MCP, OpenAI form)."""
